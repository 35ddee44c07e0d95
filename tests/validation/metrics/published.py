"""Published readings, from the folder of real test data: multi-reader studies and a FROC study."""

import csv
from pathlib import Path

import numpy as np

from validation.metrics.marks import UNMARKED, Marks, equal_weights
from validation.metrics.mrmc_readings import Rating, Readings, crossed

# Of the study that `federica` loads.
MODALITIES, READERS = ("1", "2", "3", "4", "5"), ("1", "3", "4", "5")


def study(folder: Path, name: str) -> Readings:
    """VanDyke (5 readers, 45 diseased and 69 healthy) or Franken (4 readers, 67 and 33), two modalities."""
    with (folder / "oracles" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return crossed(
        [Rating(row["reader"], row["treatment"], row["case"], float(row["rating"])) for row in rows],
        truth={row["case"]: row["truth"] == "1" for row in rows},
        modalities=("1", "2"),
        readers=sorted({row["reader"] for row in rows}),
    )


def federica(folder: Path) -> Marks:
    """Five modalities, four readers, 100 healthy and then 100 diseased cases with 142 lesions."""
    with np.load(folder / "oracles" / "federica_dataset04.npz") as data:
        weights = np.concatenate([np.zeros((100, 3)), equal_weights(data["lesions_per_case"])])
        healthy = np.full((5, 4, 100, 3), UNMARKED)
        return Marks(data["NL"], np.concatenate([healthy, data["LL"]], axis=2), weights)
