"""The test images of PneumoniaMNIST as DICOM radiographs (Yang et al. 2023, Sci Data 10:41; CC BY 4.0).

From Kermany et al. 2018, Cell 172:1122: children of one to five years, Guangzhou. Which images are of one
patient is not stated, so each counts as one; age, sex and device are not stated either.
"""

import hashlib
from pathlib import Path

import numpy as np

from samd.dicom.phantom import chest_radiograph, save
from validation.dataset import Case, DataSetRefused, Truth

FILE = "pneumoniamnist_reassembled.npz"


def make(originals: Path, folder: Path) -> list[Case]:
    """Write the 624 radiographs into `folder`. Raises DataSetRefused where the originals are not there.

    The attribute "brightness" is the tercile of the mean pixel: no subgroup of people, but what the exposure
    and the child's size change.
    """
    source = originals / "pneumoniamnist_28" / FILE
    if not source.exists():
        raise DataSetRefused(f"{FILE} is not in {source.parent}; its origin stands in the manifest")
    with np.load(source, allow_pickle=False) as file:
        images, labels = file["test_images"], file["test_labels"][:, 0]
    means = images.mean(axis=(1, 2))
    tercile = np.searchsorted(np.quantile(means, (1 / 3, 2 / 3)), means)
    cases = []
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        name = f"test-{index:04}"
        save(chest_radiograph(image, seed=f"pneumonia-mnist {name}", view="AP"), folder / f"{name}.dcm")
        content = (folder / f"{name}.dcm").read_bytes()
        cases.append(
            Case(
                case=name,
                patient=name,
                site="Guangzhou",
                files={f"{name}.dcm": hashlib.sha256(content).hexdigest()},
                truth=Truth(labels={"pneumonia": int(label)}),
                attributes={"brightness": ("dark", "middle", "bright")[tercile[index]]},
                pixels=(hashlib.sha256(image.tobytes()).hexdigest(),),
            )
        )
    return cases
