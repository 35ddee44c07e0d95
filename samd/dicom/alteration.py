"""Copies of a study whose images were made worse on purpose, to see what a model makes of them.

Pixels are decoded as the device decodes them, in the disposable child, and written back into the same bits.
What is no single-frame image with pixels (a report, a segmentation) is copied as it is.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from os.path import commonpath
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian

from samd.dicom.alteration_kinds import ALTERATIONS, Pictures
from samd.dicom.altered_file import AlteredImage, write
from samd.dicom.decode import DEFAULT_LIMITS, DecodeLimits, DecoderDied, Undecodable, load_volume
from samd.dicom.read import Unreadable, headers, pydicom_silenced, read_study
from samd.domain.geometry import Arrangement, arrange
from samd.domain.study import Instance, Series

__all__ = ["ALTERATIONS", "alter"]

# Segmentation and Label Map Segmentation Storage: what they say is not a picture.
_SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.5"})


def alter(
    paths: Sequence[Path], folder: Path, *, kind: str, level: float, limits: DecodeLimits = DEFAULT_LIMITS
) -> list[Path]:
    """Write the study in the files `paths`, altered, into `folder`, and give the paths of its files there.

    They lie in `folder` as they lie below the deepest folder that holds all of `paths`. `kind` is of
    ALTERATIONS, `level` in its unit. An image whose pixels changed is derived (PS3.3 C.7.6.1.1.2) and has a
    new SOP Instance UID, made from the old one, `kind` and `level`: the same arguments give the same bytes.
    Raises ValueError where there is no such kind or level, where it does not apply to this study, or where
    an image cannot be read, decoded or written back.
    """
    if kind not in ALTERATIONS:
        raise ValueError(f"there is no alteration {kind}; there are: {', '.join(ALTERATIONS)}")
    low, high = ALTERATIONS[kind].between
    if not low < level < high or level == 0:
        raise ValueError(f"the level of {kind} lies between {low:g} and {high:g} and is not 0: not {level:g}")
    top = Path(commonpath([path.parent for path in paths]))
    targets = {path: folder / path.relative_to(top) for path in paths}
    with pydicom_silenced():
        try:
            study = read_study([(path, "") for path in paths]).study
            pictures = [found for series in study.series if (found := _pictures(series, limits))]
        except (Unreadable, Undecodable, DecoderDied) as error:
            raise ValueError(f"the images cannot be read: {error}") from error
        before = {image.source: image for found in pictures for image in found.images}
        after = {image.source: image for found in pictures for image in ALTERATIONS[kind].apply(found, level)}
        if not before:
            raise ValueError("the study has no image that could be altered")
        if before == after:
            raise ValueError(f"{kind} needs a stack of 3 slices or more, which this study does not have")
        for source, image in after.items():
            if image is not before[source]:
                targets[source].parent.mkdir(parents=True, exist_ok=True)
                write(image, targets[source], derivation=f"{kind}={level:g}")
    kept = [path for path in paths if path not in before or after.get(path) is before[path]]
    for path in kept:
        targets[path].parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, targets[path])
    return [targets[path] for path in paths if path in after or path not in before]


def _pictures(series: Series, limits: DecodeLimits) -> Pictures | None:
    """The images of `series`, decoded; None where it has none. Raises ValueError as `_check` does."""
    instances = [i for i in series.instances if i.frames and i.sop_class_uid not in _SEGMENTATIONS]
    if not instances:
        return None
    frames = [frame for instance in instances for frame in instance.frames]
    arrangement = arrange(frames)
    spacing = None
    if isinstance(arrangement, Arrangement):
        spacing = arrangement.plane_spacing
        places = {frame.sop_instance_uid: place for place, frame in enumerate(arrangement.frames)}
        instances.sort(key=lambda instance: places[instance.sop_instance_uid])
    images: list[AlteredImage] = []
    for _, alike in groupby(instances, key=lambda instance: (instance.rows, instance.columns)):
        images += _decoded(list(alike), limits)
    return Pictures(tuple(images), spacing, series.modality == "CT")


def _decoded(instances: list[Instance], limits: DecodeLimits) -> Iterator[AlteredImage]:
    found = headers(instances)
    for instance, header in zip(instances, found, strict=True):
        _check(instance, header)
    volume = load_volume(instances, [instance.frames[0] for instance in instances], limits=limits)
    for instance, header, values in zip(instances, found, volume.values, strict=True):
        yield AlteredImage(instance.path, header, values, is_projection=instance.frames[0].position is None)


def _check(instance: Instance, header: Dataset) -> None:
    """Raise ValueError for an image whose values have no way back to its stored ones."""
    odd = {
        "has several frames": len(instance.frames) > 1 or "PerFrameFunctionalGroupsSequence" in header,
        "has a modality look-up table": "ModalityLUTSequence" in header,
        "is big-endian": instance.transfer_syntax_uid == ExplicitVRBigEndian,
    }
    for what, applies in odd.items():
        if applies:
            raise ValueError(f"an image of this study {what}: its pixels cannot be written back as they were")
