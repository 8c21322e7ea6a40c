"""Columns: which Arrow type holds the ids of documents, and which the values of a JSON field or of several tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import types

WIDEST = 256  # fields of an object, above which its names are values rather than columns
UNFIT = (pa.ArrowException, TypeError, OverflowError)  # what Arrow raises on values that a type does not hold

HALF = re.compile("[\ud800-\udfff]")
STORED = {"strings": pa.large_string(), "bytes": pa.large_binary(), "integers": pa.int64()}


def arrow_type(of: pa.DataType) -> str:
    """ "strings", "integers", "bytes" or the type's own name."""
    if isinstance(of, pa.BaseExtensionType):  # such as UUIDs
        return arrow_type(of.storage_type)
    if types.is_dictionary(of):
        return arrow_type(of.value_type)
    if types.is_string(of) or types.is_large_string(of) or types.is_string_view(of):
        return "strings"
    if types.is_binary(of) or types.is_large_binary(of) or types.is_fixed_size_binary(of) or types.is_binary_view(of):
        return "bytes"
    return "integers" if types.is_integer(of) else str(of)


def id_array(values: pa.Array | Sequence[Any]) -> pa.Array:
    """Ids as large strings, large binary, int64 or, where that is too small, uint64. Raises one of UNFIT."""
    if not isinstance(values, pa.Array):
        kinds = set(map(type, values))  # Arrow would take 1.5 for 1
        if kinds != {str} and kinds != {int}:
            raise TypeError(f"ids are all strings or all integers, not {', '.join(sorted(map(str, kinds)))}")
        try:
            return build_array(values, pa.large_string() if kinds == {str} else pa.int64())
        except OverflowError:
            return pa.array(values, pa.uint64())
    of = arrow_type(values.type)
    if of not in STORED:
        raise TypeError(f"ids are strings or integers, not {of}")
    return values.cast(pa.uint64() if values.type == pa.uint64() else STORED[of])


def build_array(values: Sequence[Any], of: pa.DataType | None = None) -> pa.Array:
    """As `pa.array`. Halves of surrogate pairs, which JSON can hold and UTF-8 cannot, become U+FFFD."""
    try:
        return pa.array(values, of)
    except UnicodeEncodeError:
        return pa.array(list(map(_mended, values)), of)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return list(map(_mended, value))
    return {_mended(name): _mended(one) for name, one in value.items()} if isinstance(value, dict) else value


def merge_types(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both, or None."""
    schemas = [pa.schema([("", of)]) for of in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowTypeError:
        return None


class JsonFields:
    """The types of the fields of JSON objects, learned from their values. Values that no one column can hold, such as
    a number here and a string there, are written as JSON text."""

    def __init__(self) -> None:
        self._types: dict[str, pa.DataType | None] = {}

    def learn(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
        for name in names:
            known = self._types.get(name, pa.null())
            if known is not None:
                self._types[name] = _held([row.get(name) for row in rows], known)

    def type(self, name: str) -> pa.DataType:
        return self._types[name] or pa.string()

    def array(self, name: str, values: Sequence[Any], of: pa.DataType) -> pa.Array:
        if name in self._types and self._types[name] is None:
            values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        return build_array(values, of)


def _held(values: Sequence[Any], known: pa.DataType) -> pa.DataType | None:
    try:
        of = merge_types(known, build_array(values).type)
        if of is None or not _storable(of):
            return None
        build_array(values, of)
    except UNFIT:
        return None
    return of


def _storable(of: pa.DataType) -> bool:
    """Whether Parquet has a column for it: not for objects without a field."""
    if types.is_list(of):
        return _storable(of.value_type)
    return not types.is_struct(of) or (0 < of.num_fields <= WIDEST and all(_storable(field.type) for field in of))


def missing_name(where: str, what: str, name: str, there: Sequence[str], option: str) -> str:
    """What to do about a file that has no column or field of a name."""
    return f"{where}: no {what} {name!r}, but {', '.join(map(str, there))}; name another by {option}"[:400]
