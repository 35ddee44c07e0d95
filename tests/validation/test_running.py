"""Many cases in processes: what kills a process fails one case and no other."""

from pathlib import Path

import pytest

from samd.dicom.decode import DecodeLimits
from samd.inference.bundle import BundleRefused
from tests.inference.builders import signed_bundle
from tests.validation.builders import case
from tests.validation.device import bench
from tests.validation.dying import die_of_case_2
from validation import running
from validation.case_result import Ending
from validation.dataset import read_manifest
from validation.protocol import ModelUnderTest, read_protocol
from validation.running import BundleMissing, Work, find_bundle, run

pytestmark = pytest.mark.requirement("VAL-07")


def test_a_case_that_kills_its_process_fails_and_every_other_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(running, "examined", die_of_case_2)
    works = [Work(tmp_path, "a" * 64, case(f"case-{number}")) for number in range(6)]

    results = list(run(works, tmp_path, trust=(), limits=DecodeLimits(), workers=2))

    endings = {result.case: result.ending for result in results}
    assert len(results) == len(endings) == 6
    assert endings.pop("case-2") is Ending.FAILED
    assert set(endings.values()) == {Ending.ANALYSED}


def test_a_bundle_is_found_by_its_digest_and_only_if_its_key_is_trusted(tmp_path: Path) -> None:
    made = bench(tmp_path / "bench", cases=1)
    asked = read_protocol(made.protocol).model
    signed_bundle(tmp_path / "bench" / "bundles" / "other", name="other")

    place, bundle = find_bundle(asked, made.places.bundles, [made.trust])

    assert (place.name, bundle.digest) == ("toy", asked.digest)
    with pytest.raises(BundleMissing, match=r"no bundle toy with the digest 000.* found: other, toy"):
        find_bundle(ModelUnderTest("toy", "0" * 64), made.places.bundles, [made.trust])
    with pytest.raises(BundleRefused):
        find_bundle(asked, made.places.bundles, [])


def test_a_perturbation_that_does_not_fit_a_case_fails_it_and_says_why(tmp_path: Path) -> None:
    made = bench(tmp_path / "bench", cases=1)
    asked = read_protocol(made.protocol)
    assert made.places.data is not None
    manifest = read_manifest(made.protocol.parent / asked.data.manifest, digest=asked.data.digest)
    work = Work(
        made.places.bundles[0] / "toy", asked.model.digest, manifest.cases[0], variant="slice thickness=3"
    )

    result = running.examined(work, folder=made.places.data, trust=(made.trust,), limits=DecodeLimits())

    assert result.ending is Ending.FAILED
    assert "cannot be perturbed so" in result.reasons[0]
