"""A model that is ready to run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from samd.domain.card import ModelCard
from samd.inference.preprocessing import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A verified network in evaluation mode on `device`, with its card and how to `prepare` a plane."""

    card: ModelCard
    network: nn.Module
    prepare: Callable[[NDArray[np.float32]], Prepared]
    device: str
