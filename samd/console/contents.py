"""What a study holds: who is in it, of which modalities, and how many images.

Patient data are in no table: they are read from one stored file of each study that is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Min

from samd.dicom.read import PatientBanner, Unreadable, patient_banner
from samd.records.models import Instance, Study


@dataclass(frozen=True, slots=True)
class Contents:
    """`banner` is None where the file cannot be read; `images` are those received for analysis."""

    banner: PatientBanner | None
    modalities: str
    images: int


NOTHING = Contents(None, "", 0)


def contents_of(studies: Iterable[Study]) -> dict[int, Contents]:
    """The contents of each of `studies` that holds anything, by its id; two queries for all of them."""
    # Our own results that came back belong to no run; they count neither as images nor as a modality.
    per_series = (
        Instance.objects.filter(series__study__in=[study.pk for study in studies], run__isnull=False)
        .order_by()
        .values_list("series__study", "series__modality")
        .annotate(images=Count("pk"), first=Min("pk"))
    )
    grouped: dict[int, list[tuple[str, int, int]]] = {}
    for study, modality, images, first in per_series:
        grouped.setdefault(study, []).append((modality, images, first))
    firsts = {study: min(first for _, _, first in series) for study, series in grouped.items()}
    paths = dict(Instance.objects.filter(pk__in=firsts.values()).values_list("pk", "path"))
    return {
        study: Contents(
            banner=_banner_of(paths[firsts[study]]),
            modalities=", ".join(sorted({modality for modality, _, _ in series if modality})),
            images=sum(images for _, images, _ in series),
        )
        for study, series in grouped.items()
    }


def _banner_of(path: str) -> PatientBanner | None:
    try:
        return _banner(Path(settings.SAMD_STORE) / path)
    except Unreadable:
        return None


# A stored file never changes, and the worklist is asked for every few seconds.
_banner = lru_cache(maxsize=1000)(patient_banner)
