"""The picture of a case, as the clinic would show it: of the few cases that a report looks at."""

from collections.abc import Sequence
from pathlib import Path

from samd.dicom.decode import DecodeLimits
from samd.dicom.read import Unreadable
from samd.inference.bundle import trusted_keys, verify
from samd.inference.catalogue import load
from samd.pipeline import AnalysisFailed, Report
from validation.dataset import Case
from validation.examine import answer_to
from validation.execution import Prepared
from validation.gallery import Picture


def pictures_of(prepared: Prepared, trust: Sequence[Path]) -> Picture:
    """Pictures of the cases of `prepared`; a case that cannot be shown has none."""
    keys = [key for folder in trust for key in trusted_keys(folder)]
    bundle = verify(prepared.places[prepared.protocol.model.digest], trusted=keys)

    def picture(case: Case) -> bytes:
        try:
            answer = answer_to(case, prepared.folder, load(bundle, device="cpu"), limits=DecodeLimits())
        except (Unreadable, AnalysisFailed):
            return b""
        return answer.encoded.previews.get("image", b"") if isinstance(answer, Report) else b""

    return picture
