"""The report for programs: JSON that is the same, byte for byte, for the same document."""

import json
from collections.abc import Mapping
from math import isinf, isnan
from typing import Any

import numpy as np

from samd.domain.schema import written
from validation.document import Document


def to_json(document: Document) -> bytes:
    """`document` as JSON: UTF-8, keys sorted, a newline at the end.

    The figure of an endpoint lies flat beside its name: estimate, low, high, level, n, method, seed, reason;
    so does that of an explanation. What is null was not estimated, and `reason` says why; a low or high that
    is null beside an estimate has no bound on that side. Raises ValueError where a number is not a number.
    """
    content = written(document)
    content["endpoints"] = [_flat(written(line)) for line in document.endpoints]
    content["explanations"] = [{"name": name} | written(figure) for name, figure in document.explanations]
    text = json.dumps(
        bounded(content, "document"), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False
    )
    return f"{text}\n".encode()


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    figure: dict[str, Any] = line.pop("figure")
    return line | figure


def bounded(value: Any, where: str) -> Any:
    """`value` with null for what is infinite, which JSON cannot say. Raises ValueError for a nan."""
    if isinstance(value, Mapping):
        return {key: bounded(item, f"{where}: {key}") for key, item in value.items()}
    if isinstance(value, list):
        return [bounded(item, where) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if isnan(value):
            raise ValueError(f"{where}: not a number; what cannot be estimated is None, with its reason")
        return None if isinf(value) else value
    return value
