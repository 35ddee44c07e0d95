"""From what people have in hand to what the trail knows: a study by its UID, a patient by the Patient ID."""

import re
from collections.abc import Mapping

from samd.records.models import Study
from samd.records.surrogates import known_surrogate

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def with_study(given: Mapping[str, str]) -> dict[str, str]:
    """`given` with the study in place of its Study Instance UID, where there is such a study."""
    uid = given.get("study", "").strip()
    study = Study.objects.filter(study_instance_uid=uid).first() if _UID.fullmatch(uid) else None
    return {**given, "study": str(study)} if study else dict(given)


def surrogate_by_id(typed: str) -> str:
    """The surrogate of the patient with this Patient ID, or nothing.

    Where studies state the issuer of the ID, it stands before it: "ISSUER\\ID".
    """
    issuer, _, identifier = typed.rpartition("\\")
    return known_surrogate(f"{issuer.strip()}\\{identifier.strip()}".encode())
