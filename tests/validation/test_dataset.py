"""Data sets: only what the manifest lists, unaltered, and never what a model was trained on."""

import hashlib
from pathlib import Path

import pytest

from tests.validation.builders import case, manifest
from validation.dataset import (
    Box,
    DataSetRefused,
    Manifest,
    Truth,
    check_files,
    check_independent,
    parse,
    read_manifest,
    render,
)

pytestmark = pytest.mark.requirement("VAL-02")


@pytest.fixture
def stored(tmp_path: Path) -> Manifest:
    """Three cases of one file each, which lie in tmp_path."""
    cases = []
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.dcm").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        cases.append(case(name, files={f"{name}.dcm": digest}, pixels=(f"pixels of {name}",)))
    return manifest(*cases)


def test_a_manifest_is_what_was_rendered() -> None:
    truth = Truth(
        labels={"finding": 1}, measurements={"lung": 5.5}, boxes={"finding": (Box(1.0, 2.0, 3.0, 4.0),)}
    )
    made = manifest(case("one", truth=truth, attributes={"sex": "F"}), case("two", 0))

    read = parse(render(made), name="set.json")

    assert read.cases == made.cases
    assert read.digest == hashlib.sha256(render(made)).hexdigest()


def test_another_manifest_than_the_protocol_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_bytes(render(manifest(case())))

    with pytest.raises(DataSetRefused, match="not the manifest of the protocol"):
        read_manifest(path, digest="0" * 64)
    assert read_manifest(path, digest=hashlib.sha256(path.read_bytes()).hexdigest()).patients == 1


def test_files_as_listed_pass(stored: Manifest, tmp_path: Path) -> None:
    check_files(stored, tmp_path)


def test_one_altered_byte_is_refused_and_the_file_named(stored: Manifest, tmp_path: Path) -> None:
    (tmp_path / "two.dcm").write_bytes(b"Two")

    with pytest.raises(DataSetRefused, match=r"two\.dcm was altered\. Nothing was run"):
        check_files(stored, tmp_path)


def test_a_missing_file_is_refused_and_named(stored: Manifest, tmp_path: Path) -> None:
    (tmp_path / "three.dcm").unlink()

    with pytest.raises(DataSetRefused, match=r"three\.dcm is missing"):
        check_files(stored, tmp_path)


@pytest.mark.parametrize("seen", ["pixels of two", hashlib.sha256(b"two").hexdigest()])
def test_a_case_that_was_seen_in_training_is_refused(stored: Manifest, seen: str) -> None:
    with pytest.raises(DataSetRefused, match="toy was trained on 1 of these cases: two"):
        check_independent(stored, training=frozenset({seen, "other"}), model="toy")


def test_cases_that_were_not_seen_pass(stored: Manifest) -> None:
    check_independent(stored, training=frozenset({"other"}), model="toy")


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ([], "at least one"),
        ([case("one"), case("one", files={"b": "0"})], "no name twice"),
        ([case("one", files={})], "each has files"),
        ([case("one", files={"a": "0"}), case("two", files={"a": "0"})], "belongs to two"),
        ([case("one", files={"../a": "0"})], "inside the folder"),
        ([case("one", files={"/etc/passwd": "0"})], "inside the folder"),
        ([case("one", 2)], "0 or 1"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(cases: list, words: str) -> None:
    with pytest.raises(DataSetRefused, match=words):
        parse(render(manifest(*cases)), name="set.json")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"format": "other"}', b'{"format": "samd-dataset-1"}', b"\xff"]
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(DataSetRefused):
        parse(content, name="set.json")
