"""Documents that people write, read into frozen dataclasses, which are the schema: nothing else may stand.

For parsed JSON and TOML. Every field stands under its own name; what is missing, unknown or of another type
is refused, naming the place.
"""

import hashlib
import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Document = TypeVar("Document")


class Misfit(Exception):
    """The document is not of the kind that is read; the message names the place and what is needed there."""


def read(kind: type[Document], value: object, where: str, *, finite: bool = True) -> Document:
    """`value` as the dataclass `kind`; `where` names the document in messages. Raises Misfit.

    Numbers that are infinite or none at all are refused, unless `finite` is waived for what was written here.
    """
    if finite:
        _demand_finite(value, where)
    document: Document = _read(kind, value, where)
    return document


def read_toml(kind: type[Document], content: bytes, where: str) -> Document:
    """`content`, UTF-8 TOML, as the dataclass `kind`, whose field `digest` becomes the SHA-256 of `content`.

    Raises Misfit.
    """
    try:
        document = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misfit(f"{where} is not TOML in UTF-8: {error}") from error
    if "digest" in document:
        raise Misfit(f"{where}: digest: a file cannot hold the digest of itself")
    return read(kind, document | {"digest": hashlib.sha256(content).hexdigest()}, where)


def written(value: Any) -> Any:
    """What `read` makes `value` of again: objects, lists and plain values, as JSON knows them."""
    if is_dataclass(value):
        return {field.name: written(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [written(item) for item in value]
    if isinstance(value, Mapping):
        return {name: written(item) for name, item in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def _demand_finite(value: object, where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit(f"{where}: a finite number is needed")
    if isinstance(value, Mapping):
        for name, item in value.items():
            _demand_finite(item, f"{where}: {name}")
    if isinstance(value, list):
        for item in value:
            _demand_finite(item, where)


def _read(kind: Any, value: Any, where: str) -> Any:
    """`value` as `kind`: dataclasses, tuples, sets, mappings, optional and plain values."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_fields(kind, value, where)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:  # the only unions are with None
        return None if value is None else _read(arguments[0], value, where)
    if origin in (tuple, frozenset):
        return _read_items(origin, arguments, value, where)
    if origin is Mapping:
        if not isinstance(value, dict):
            raise Misfit(f"{where}: an object is needed")
        return {name: _read(arguments[1], item, f"{where}: {name}") for name, item in value.items()}
    return _read_plain(kind, value, where)


def _read_plain(kind: Any, value: Any, where: str) -> Any:
    if issubclass(kind, StrEnum):
        if value not in list(kind):
            raise Misfit(f"{where}: one of {', '.join(kind)} is needed, not {value}")
        return kind(value)
    if kind is date and type(value) is str:
        value = _date(value, where)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise Misfit(f"{where}: {kind.__name__} is needed, not {type(value).__name__}")
    return value


def _date(text: str, where: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise Misfit(f"{where}: a date is needed, year-month-day") from error


def _read_fields(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise Misfit(f"{where}: an object is needed")
    hints = get_type_hints(kind)
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    if value.keys() - hints.keys():
        raise Misfit(f"{where}: unknown: {', '.join(sorted(value.keys() - hints.keys()))}")
    if needed - value.keys():
        raise Misfit(f"{where}: missing: {', '.join(sorted(needed - value.keys()))}")
    return kind(**{name: _read(hints[name], item, f"{where}: {name}") for name, item in value.items()})


def _read_items(origin: type, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise Misfit(f"{where}: a list is needed")
    if origin is frozenset or arguments[-1] is Ellipsis:
        kinds = [arguments[0]] * len(value)
    else:
        kinds = list(arguments)
    if len(kinds) != len(value):
        raise Misfit(f"{where}: {len(kinds)} values are needed, not {len(value)}")
    return origin(_read(kind, item, where) for kind, item in zip(kinds, value, strict=True))
