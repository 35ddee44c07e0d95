"""From a verified bundle to a network that is ready to run, kept warm for the next study.

Weights are safetensors from the verified bytes. Before the reader of the format sees them, their
header is held against the registered network: the same tensors, shapes and types, laid out without
gaps, and not a byte more. Nothing is unpickled, and no code comes from a bundle.
"""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from samd.domain.card import ModelCard
from samd.inference.bundle import Bundle, BundleRefused
from samd.inference.explanation_methods import METHODS
from samd.inference.networks import NETWORKS
from samd.inference.preprocessing import PREPROCESSING, Prepared
