"""One validation from protocol to verdicts: what is checked before, run, kept, and drawn up.

The order is the point: nothing runs before the protocol, the data and the models are what they must be.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from samd.inference.bundle import Bundle
from validation.case_result import CaseResult, Key
from validation.dataset import Manifest, check_files, check_independent, read_manifest
from validation.evaluation import check
from validation.makers import MAKERS
from validation.protocol import Perturbation, Protocol
from validation.running import Work, find_bundle


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Everything a run needs, checked. `folder` holds the files of the data set."""

    protocol: Protocol
    manifest: Manifest
    folder: Path
    bundle: Bundle
    comparator: Bundle | None
    places: dict[str, Path]  # of the bundles, by digest

    def work(self) -> Iterator[Work]:
        """All there is to do: every case by every model, then the first cases under every perturbation."""
        for digest in self.places:
            for case in self.manifest.cases:
                yield Work(self.places[digest], digest, case)
        robustness = self.protocol.robustness
        own = self.protocol.model.digest
        for perturbation in robustness.perturbations if robustness else ():
            for variant in variants(perturbation):
                for case in self.manifest.cases[: robustness.cases if robustness else 0]:
                    yield Work(self.places[own], own, case, variant)

    def left(self, done: set[Key]) -> list[Work]:
        """What is not done yet."""
        return [work for work in self.work() if work.key not in done]


def variants(perturbation: Perturbation) -> list[str]:
    """The names of the perturbation at its levels: "noise=10"."""
    return [f"{perturbation.kind}={level:g}" for level in perturbation.levels]


def prepare(
    protocol: Protocol,
    *,
    beside: Path,
    data: Path | None,
    originals: Path,
    made: Path,
    bundles: Sequence[Path],
    trust: Sequence[Path],
    say: Callable[[str], None],
) -> Prepared:
    """Check protocol, models and data against each other.

    `beside` is the folder of the protocol, where its manifest lies. The files are in `data`; where that is
    None they are made from `originals` into `made`, if the manifest names a maker. `bundles` are folders of
    bundles, `trust` of approvers' keys. Raises ProtocolRefused, DataSetRefused, BundleMissing, BundleRefused.
    """
    manifest = read_manifest(beside / protocol.data.manifest, digest=protocol.data.digest)
    models = [protocol.model, *([protocol.comparator] if protocol.comparator else [])]
    found = {model.digest: find_bundle(model, bundles, trust) for model in models}
    bundle = found[protocol.model.digest][1]
    check(protocol, bundle.card)
    for model in models:
        check_independent(manifest, training=found[model.digest][1].training, model=model.name)
    if data is None and manifest.source in MAKERS:
        data = made / manifest.digest[:16]
        if not data.exists():
            say(f"making the {len(manifest.cases)} cases of {manifest.name} from {originals}")
            _make(manifest, originals, data)
    data = data or beside
    say(f"checking the files of {manifest.name} in {data}")
    check_files(manifest, data)
    return Prepared(
        protocol,
        manifest,
        data,
        bundle,
        found[protocol.comparator.digest][1] if protocol.comparator else None,
        {digest: place for digest, (place, _bundle) in found.items()},
    )


def _make(manifest: Manifest, originals: Path, folder: Path) -> None:
    """The files appear together or not at all."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    unfinished.mkdir(parents=True, exist_ok=True)
    MAKERS[manifest.source](originals, unfinished)
    unfinished.rename(folder)


def by_case(results: Sequence[CaseResult], model: str, variant: str = "") -> dict[str, CaseResult]:
    """The results of one model under one variant, by case."""
    return {r.case: r for r in results if r.model == model and r.variant == variant}
