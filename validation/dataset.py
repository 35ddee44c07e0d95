"""Data sets as manifests: which files, by digest, and what is true of each case; checked before a run.

A manifest is JSON. The files lie anywhere; a set whose files are not those of the manifest is refused whole,
so that no figure stands for other data than it says.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samd.domain import schema

FORMAT = "samd-dataset-1"


class DataSetRefused(Exception):
    """The data are not those of the manifest, or were seen in training; the message says which."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on one image, in pixels from its upper left corner: lower edges in, upper edges out."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a case, by the reference standard: each part by the name of the output it is for.

    `labels` are 0 or 1; `measurements` in the unit of the output; `boxes` where the finding lies;
    `segmentations` are paths of DICOM SEG files among those of the case.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    measurements: Mapping[str, float] = field(default_factory=dict)
    boxes: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    segmentations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One study: `files` are SHA-256 by path in the folder of the set, `pixels` the SHA-256 of their pixels.

    `patient` and `site` are pseudonyms; cases of one patient are not independent. `attributes` are what
    subgroups are made of ("sex": "F"); an empty text is not known.
    """

    case: str
    patient: str
    site: str
    files: Mapping[str, str]
    truth: Truth
    attributes: Mapping[str, str] = field(default_factory=dict)
    pixels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A data set as it was read. `digest` is the SHA-256 of the bytes of the manifest."""

    format: str
    name: str
    version: str
    description: str
    source: str
    licence: str
    reference_standard: str
    cases: tuple[Case, ...]
    digest: str = ""

    @property
    def patients(self) -> int:
        return len({case.patient for case in self.cases})


def read_manifest(path: Path, *, digest: str) -> Manifest:
    """The manifest at `path`, which must have the SHA-256 `digest`. Raises DataSetRefused."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataSetRefused(f"the manifest {path} cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise DataSetRefused(
            f"{path.name} is not the manifest of the protocol: its SHA-256 is {found}, not {digest}"
        )
    return parse(content, name=path.name)


def parse(content: bytes, *, name: str) -> Manifest:
    """The manifest in `content`, UTF-8 JSON; `name` is that of its file. Raises DataSetRefused."""
    try:
        document = json.loads(content)
    except ValueError as error:
        raise DataSetRefused(f"{name} is not JSON in UTF-8: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataSetRefused(f"{name} is not a manifest in the format {FORMAT}")
    document["digest"] = hashlib.sha256(content).hexdigest()
    try:
        manifest = schema.read(Manifest, document, name)
    except schema.Misfit as error:
        raise DataSetRefused(str(error)) from error
    _check(manifest, name)
    return manifest


def render(manifest: Manifest) -> bytes:
    """The bytes of the manifest, such that `parse` gives it back."""
    document = schema.written(manifest)
    del document["digest"]
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _check(manifest: Manifest, name: str) -> None:
    names = [case.case for case in manifest.cases]
    files = [path for case in manifest.cases for path in case.files]
    for demand, met in {
        "cases: at least one": bool(names),
        "cases: no name twice": len(set(names)) == len(names),
        "cases: each has files": all(case.files for case in manifest.cases),
        "cases: no file belongs to two": len(set(files)) == len(files),
        "cases: paths stay inside the folder": not any(_leads_out(path) for path in files),
        "cases: truth: labels: 0 or 1": all(
            label in (0, 1) for case in manifest.cases for label in case.truth.labels.values()
        ),
    }.items():
        if not met:
            raise DataSetRefused(f"{name}: {demand}")


def _leads_out(path: str) -> bool:
    return Path(path).is_absolute() or ".." in Path(path).parts


def check_files(manifest: Manifest, folder: Path) -> None:
    """Raise DataSetRefused, naming them, where files under `folder` are missing or not those listed."""
    odd = [problem for case in manifest.cases for problem in _odd(case, folder)]
    if odd:
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        raise DataSetRefused(
            f"the data are not those of {manifest.name} {manifest.version}: {'; '.join(odd[:5])}{more}. "
            "Nothing was run. Restore the files, or make a new manifest and a new protocol for other data"
        )


def _odd(case: Case, folder: Path) -> Iterable[str]:
    for path, digest in case.files.items():
        try:
            found = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        except OSError:
            yield f"{path} is missing"
            continue
        if found != digest:
            yield f"{path} was altered"


def check_independent(manifest: Manifest, *, training: frozenset[str], model: str) -> None:
    """Raise DataSetRefused where a file or the pixels of a case are among the digests of `training`."""
    shared = [
        case.case
        for case in manifest.cases
        if not training.isdisjoint(case.files.values()) or not training.isdisjoint(case.pixels)
    ]
    if shared:
        more = f" and {len(shared) - 5} more" if len(shared) > 5 else ""
        raise DataSetRefused(
            f"{model} was trained on {len(shared)} of these cases: {', '.join(shared[:5])}{more}. "
            "Nothing was run: figures from training data say nothing. Take them out of the set"
        )
