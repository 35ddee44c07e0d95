"""Stands in for the decoding child and raises what `except Exception` does not catch, as Rust does."""

import sys


class PanicException(BaseException):
    """Like that of PyO3."""


if __name__ == "__main__":
    sys.stdin.buffer.read()
    raise PanicException
