"""A validation from end to end, with the rows and the trail of the device around it."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit import sealing
from samd.dicom.decode import DecodeLimits
from samd.inference.bundle import BundleRefused
from samd.inference.catalogue import load
from samd.inference.repeatable import single_threaded
from validation import approval, ledger
from validation.case_result import CaseResult
from validation.dataset import DataSetRefused
from validation.document import Document, Figure, content_digest, figure_of, kept
from validation.drawing_up import Circumstances, code_digest, draw_up
from validation.evaluation import Evidence
from validation.execution import Prepared, by_case, prepare
from validation.explanation_checks import check_explanations
from validation.models import Run
from validation.pictures import pictures_of
from validation.protocol import ProtocolRefused, read_protocol
from validation.report import CASES, FILES
from validation.running import BundleMissing, Work, run
from validation.template import missing

REFUSALS = (ProtocolRefused, DataSetRefused, BundleMissing, BundleRefused)

ROOT = Path(__file__).parents[1]
SHIPPED = (ROOT / "samd" / "inference" / "bundles", ROOT / "validation" / "candidates")


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie: the files of the data set (None: beside the protocol, or made), what shipped sets are
    made from, and further folders of bundles."""

    data: Path | None = None
    originals: Path = ROOT.parent / "shared" / "data"
    bundles: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A run that can be worked on: its row, and everything it needs, checked."""

    run: Run
    prepared: Prepared

    def left(self) -> list[Work]:
        """What is not done yet."""
        done = ledger.done(self.run)
        return [work for work in self.prepared.work() if work.key not in done]


def prepared_from(path: Path, places: Places, *, say: Callable[[str], None]) -> Prepared:
    """Everything that the protocol at `path` needs, checked. Raises one of REFUSALS."""
    protocol = read_protocol(path)
    if unsaid := missing(protocol):
        raise ProtocolRefused(f"{path.name}: statements: the jurisdictions also ask for: {', '.join(unsaid)}")
    return prepare(
        protocol,
        beside=path.parent,
        data=places.data,
        originals=places.originals,
        made=Path(settings.SAMD_HOME) / "validation",
        bundles=[*places.bundles, Path(settings.SAMD_MODELS), *SHIPPED],
        trust=trust(),
        say=say,
    )


def open_protocol(path: Path, places: Places, *, say: Callable[[str], None]) -> Opened:
    """A run of the protocol at `path`: the unfinished one where there is one.

    Raises one of REFUSALS; then nothing was run, and no use of the data is counted.
    """
    prepared = prepared_from(path, places, say=say)
    row = ledger.open_run(
        prepared.protocol,
        prepared.manifest,
        code=code_digest(),
        works=sum(1 for _ in prepared.work()),
        now=timezone.now(),
    )
    return Opened(row, prepared)


def reopened(number: int, path: Path, places: Places, *, say: Callable[[str], None]) -> Opened:
    """The run of this number, to draw up its report anew. Raises one of REFUSALS."""
    prepared = prepared_from(path, places, say=say)
    row = Run.objects.filter(pk=number, protocol=prepared.protocol.digest).first()
    if row is None:
        raise ProtocolRefused(f"there is no run {number} of {path.name}")
    return Opened(row, prepared)


def trust() -> tuple[Path, ...]:
    """Folders with the keys of approvers: those of this installation, and of the shipped bundles."""
    return tuple(folder for folder in (Path(settings.SAMD_TRUST), SHIPPED[0] / "trust") if folder.exists())


def work_off(opened: Opened, *, workers: int, tick: Callable[[int, int], None]) -> None:
    """Do what is left, `workers` cases at a time; `tick` is told how many of how many are done."""
    left, everything = opened.left(), sum(1 for _ in opened.prepared.work())
    results = run(left, opened.prepared.folder, trust=trust(), limits=DecodeLimits(), workers=workers)
    for count, result in enumerate(results, everything - len(left) + 1):
        ledger.keep(opened.run, result)
        tick(count, everything)


def close(opened: Opened) -> Document:
    """The report of a run of which nothing is left, which is closed and kept for signing.

    Of a run that was closed before, the same report, with what was signed since.
    """
    document, cases = _document(opened), _table(opened)
    ledger.finish(
        opened.run,
        _summary(opened.run, document) | {"cases": hashlib.sha256(cases.encode()).hexdigest()},
        report=kept(document),
        cases=cases,
        signatures=approval.SIGNATURES,
        now=timezone.now(),
    )
    return document


def write(opened: Opened, document: Document, out: Path) -> None:
    """Write the report and the cases of the run into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for name, drawn in FILES.items():
        (out / name).write_bytes(drawn(document))
    (out / CASES).write_text(_table(opened), encoding="utf-8", newline="")


def _document(opened: Opened) -> Document:
    results = ledger.results(opened.run)
    prepared, protocol = opened.prepared, opened.prepared.protocol
    other = protocol.comparator.digest if protocol.comparator else ""
    evidence = Evidence(
        protocol,
        prepared.manifest,
        prepared.bundle.card,
        by_case(results, protocol.model.digest),
        by_case(results, other),
    )
    signatures = approval.protocol_signatures(protocol)
    seal = sealing.newest()
    return draw_up(
        evidence,
        results,
        around=Circumstances(
            protocol_signatures=signatures,
            signed_before=approval.is_signed_before(signatures, opened.run.started_at),
            report_signatures=approval.signatures_of(str(opened.run)),
            code=opened.run.code,
            uses=ledger.uses(prepared.manifest) if protocol.data.sequestered else 0,
            checkpoint=seal.note if seal else "",
            made=timezone.now().astimezone(UTC).isoformat(timespec="seconds"),
        ),
        picture=pictures_of(prepared, trust()),
        explanations=_explanations(prepared),
        soup=ROOT / "docs" / "regulatory" / "soup.toml",
    )


def _explanations(prepared: Prepared) -> list[tuple[str, Figure]]:
    """The figures of the explanations, with the verdict beside the name of each that has a limit."""
    protocol = prepared.protocol
    if protocol.explanations is None:
        return []
    single_threaded()
    checked = check_explanations(
        prepared.manifest.cases,
        prepared.folder,
        load(prepared.bundle, device="cpu"),
        checks=protocol.explanations,
        seed=protocol.seed,
        limits=DecodeLimits(),
        replicates=protocol.replicates,
    )
    verdicts = {one.hypothesis.endpoint: f" ({one.verdict})" for one in checked.decisions}
    return [(name + verdicts.get(name, ""), figure_of(found)) for name, found in checked.figures]


def _summary(row: Run, document: Document) -> dict[str, Any]:
    """What is signed: the verdicts, and the digests of everything they rest on."""
    return {
        "kind": "validation report",
        "run": str(row),
        "title": document.title,
        "protocol": document.protocol,
        "model": document.model,
        "comparator": document.comparator,
        "verdict": document.verdict,
        "endpoints": [
            {
                "name": line.name,
                "metric": line.metric,
                "of": line.of,
                "where": dict(line.where),
                "goal": line.goal,
                "limit": f"{line.limit:.12g}",  # a record holds no fractions
                "level": f"{line.figure.level:.12g}",
                "n": line.figure.n,
                "primary": line.primary,
                "verdict": line.verdict,
                "sentence": line.sentence,
            }
            for line in document.endpoints
        ],
        "deviations": list(document.deviations),
        "digests": dict(document.digests),
        "content": content_digest(document),
    }


def _table(opened: Opened) -> str:
    """The cases of the run as CSV."""
    said = by_case(ledger.results(opened.run), opened.run.model)
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(["case", "output", "truth", "score", "outcome", "reasons"])
    table.writerows(_rows(opened.prepared, said))
    return file.getvalue()


def _rows(prepared: Prepared, results: dict[str, CaseResult]) -> Iterator[list[object]]:
    """One row for each thing that is true of each case."""
    for case in prepared.manifest.cases:
        result = results[case.case]
        for output, truth in {**case.truth.labels, **case.truth.measurements}.items():
            score = result.scores.get(output, result.measurements.get(output, ""))
            outcome = result.calls.get(output, result.ending)
            yield [case.case, output, truth, score, outcome, "; ".join(result.reasons)]
