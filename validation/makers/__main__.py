"""Renders the manifest of a data set that is made here:  python -m validation.makers NAME --out FILE"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from validation.dataset import FORMAT, Manifest, render
from validation.makers import MAKERS

# What a manifest says of its set beside the cases.
SAID = {
    "pneumonia-mnist-test": {
        "name": "pneumonia-mnist-test",
        "version": "1",
        "description": "The 624 test images of PneumoniaMNIST (390 pneumonia, 234 normal), 28 x 28 pixels, "
        "each as a DICOM radiograph. Frontal radiographs of children of one to five years, Guangzhou.",
        "licence": "CC BY 4.0 (Yang et al. 2023, Scientific Data 10:41; Kermany et al. 2018, Cell 172:1122)",
        "reference_standard": "The reading of two physicians, checked by a third.",
    },
    "ct-tissue-phantom": {
        "name": "ct-tissue-phantom",
        "version": "1",
        "description": "54 chest phantoms of ellipsoids and cylinders: three sizes, two pixel spacings, "
        "three distances between planes, three levels of noise.",
        "licence": "Apache-2.0, made by this software",
        "reference_standard": "Volumes in closed form.",
    },
}


def main() -> None:
    """Make the set in a folder that is thrown away, and write its manifest."""
    parser = argparse.ArgumentParser(prog="python -m validation.makers")
    parser.add_argument("name", choices=sorted(MAKERS))
    parser.add_argument("--originals", type=Path, default=Path())
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        cases = MAKERS[options.name](options.originals, Path(folder))
    manifest = Manifest(format=FORMAT, source=options.name, cases=tuple(cases), **SAID[options.name])
    options.out.write_bytes(render(manifest))


if __name__ == "__main__":
    main()
