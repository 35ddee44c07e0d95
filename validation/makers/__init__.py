"""Data sets that are made here, bit for bit the same each time, so that their manifests can be shipped.

A maker writes DICOM files into a folder and gives the cases; `python -m validation.makers NAME` renders the
manifest that a protocol names.
"""

from collections.abc import Callable
from pathlib import Path

from validation.dataset import Case
from validation.makers import pneumonia_mnist, tissue_phantom

# By the name that a manifest states as its source: from a folder of originals and one to write into.
MAKERS: dict[str, Callable[[Path, Path], list[Case]]] = {
    "pneumonia-mnist-test": pneumonia_mnist.make,
    "ct-tissue-phantom": tissue_phantom.make,
}
