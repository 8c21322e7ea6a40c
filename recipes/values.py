"""Values: the settings of a recipe by their dotted names, and how a TOML file writes them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from corpus.lake.stage import json_values

NONE = "none"  # TOML has no null
_ESCAPES = {'"': '\\"', "\\": "\\\\", **{chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}}


def settings(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting of a configuration, by its dotted name. Of things with a name, such as rules, those settings that
    are not the default."""
    for field in fields(config):
        value, name = getattr(config, field.name), f"{path}{field.name}"
        if is_dataclass(value):
            yield from settings(value, f"{name}.")
        elif isinstance(value, tuple) and value and hasattr(value[0], "name"):
            for one in value:
                yield from ((f"{name}.{one.name}.{key}", found) for key, found in _changed(one).items())
        else:
            yield name, _plain(value)


def differences(one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """(dotted name, value in one, value in the other) of all that differs; None where one has no such setting."""
    left, right = dict(settings(one)), dict(settings(other))
    for name in dict.fromkeys([*left, *right]):
        if left.get(name) != right.get(name):
            yield name, left.get(name), right.get(name)


def differences_from(recorded: Mapping[str, Any], config: Any) -> list[str]:
    """The dotted names of the settings that differ from those which were recorded, as JSON has them."""
    now = recorded_settings(config)
    return [name for name in dict.fromkeys([*recorded, *now]) if recorded.get(name) != now.get(name)]


def recorded_settings(config: Any) -> dict[str, Any]:
    """All settings, as JSON gives them back."""
    found: dict[str, Any] = json_values(dict(settings(config)))
    return found


def flat_settings(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a configuration that was recorded as JSON, by its dotted name; tables in a list, as rules, by their
    own names."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        value = {one["name"]: one for one in value}
    if isinstance(value, dict):
        for key, one in value.items():
            yield from flat_settings(one, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _changed(one: Any) -> dict[str, Any]:
    found = {}
    for field in fields(one):
        value = getattr(one, field.name)
        if field.name != "name" and (field.default is MISSING or value != field.default):
            found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if value is None:
        return NONE
    if is_dataclass(value):
        return _changed(value)
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def show(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {show(one)}" for name, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(show, value)) + "]"
    return repr(value)


def show_change(old: Any, new: Any) -> str:
    """None is a setting that is not there."""
    return " -> ".join("-" if value is None else show(value) for value in (old, new))


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else show(name)


def leaves(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested tables, by dotted keys that a TOML file can have."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{_key(key)}.")
        else:
            yield f"{path}{_key(key)}", value


def parse_setting(text: str) -> dict[str, Any]:
    """`clean.language_score=0.5` as the tables that it stands for. What is no TOML value is text.

    Raises ValueError for what is no name and value."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"--set {text}: write NAME=VALUE, such as duplicates.threshold=0.7")
    try:
        return tomllib.loads(f"{name} = {value}")
    except tomllib.TOMLDecodeError:
        pass
    try:
        return tomllib.loads(f"{name} = {show(value.strip())}")
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"--set {text}: {name.strip()!r} is no name of a setting ({error})") from error


def join_settings(parsed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several changes as one. Raises ValueError where two are of one setting."""
    joined: dict[str, Any] = {}
    for one in parsed:
        _merge(joined, one, "")
    return joined


def _merge(into: dict[str, Any], table: Mapping[str, Any], path: str) -> None:
    for key, value in table.items():
        if key not in into:
            into[key] = dict(value) if isinstance(value, dict) else value
        elif isinstance(value, dict) and isinstance(into[key], dict):
            _merge(into[key], value, f"{path}{key}.")
        else:
            raise ValueError(f"--set {path}{key} is given twice: {show(into[key])} and {show(value)}; give it once")
