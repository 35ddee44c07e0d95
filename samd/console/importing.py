"""Taking model bundles in: verified, copied under their digest, put in force."""

import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from samd.inference.bundle import Bundle, BundleRefused, trusted_keys, verify
from samd.records.models import ModelVersion
from samd.records.registry import put_in_force


def import_bundle(folder: Path) -> ModelVersion:
    """Verify the bundle, keep a copy under its digest, and let it take over from the version in force.

    Raises BundleRefused before anything is copied, and again if the copy is not what was verified.
    """
    trusted = trusted_keys(Path(settings.SAMD_TRUST))
    bundle = verify(folder, trusted=trusted)
    models = Path(settings.SAMD_MODELS)
    models.mkdir(parents=True, exist_ok=True)
    kept = models / bundle.digest
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=models) as scratch:
            copy = Path(scratch) / bundle.digest
            shutil.copytree(folder, copy)
            verify(copy, trusted=trusted)
            copy.rename(kept)
    return put_in_force(bundle.card)


def import_reference_bundles() -> list[ModelVersion]:
    """Trust the key of the bundles that ship with the device, where no key is trusted yet, and import
    each version that is not known."""
    trust, shipped = Path(settings.SAMD_TRUST), Path(settings.SAMD_REFERENCE_BUNDLES)
    if not trust.exists():
        shutil.copytree(shipped / "trust", trust)
    known = set(ModelVersion.objects.values_list("digest", flat=True))
    bundles = (
        (path.parent, _trusted_digest(path.parent)) for path in sorted(shipped.glob("*/manifest.json"))
    )
    return [import_bundle(folder) for folder, digest in bundles if digest and digest not in known]


def _trusted_digest(folder: Path) -> str | None:
    """The digest of a bundle; None at a site that does not trust the key it is signed with."""
    try:
        return verify(folder, trusted=trusted_keys(Path(settings.SAMD_TRUST))).digest
    except BundleRefused:
        return None


def kept_bundle(digest: str) -> Bundle:
    """The imported bundle of this digest, verified again. Raises BundleRefused."""
    return verify(Path(settings.SAMD_MODELS) / digest, trusted=trusted_keys(Path(settings.SAMD_TRUST)))
