"""Arithmetic that gives the same bits each time on the same machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable() -> Iterator[None]:
    """Within this block torch uses only deterministic algorithms, and raises where it has none.

    On a GPU the matrix products also need CUBLAS_WORKSPACE_CONFIG, which the catalogue sets before
    it moves the first network there.
    """
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)


def single_threaded() -> None:
    """Let this process compute in one thread: for one of several that share the processors."""
    torch.set_num_threads(1)
