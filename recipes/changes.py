"""Changes: a configuration with some of its settings changed, as a file or a command line names them.

    {"clean": {"rules": {"duplicate_lines": {"maximum": 0.4}}}, "trim": "none", "vocabulary": {"size": 8192}}

A table changes what it names and leaves the rest. In a tuple of things that have a name, such as rules, keys are these
names; "none" takes one out, and stands wherever a setting may be None. A table for one of several configurations, such
as a vocabulary that is learnt or brought along, is for the one that has all of its keys.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from corpus.config import nearest
from recipes.values import NONE, show

Config = TypeVar("Config")


def change(config: Config, changes: Mapping[str, Any], path: str = "") -> Config:
    """Raises ValueError, naming the key, its value and what it takes, for a change that cannot be."""
    hints = _hints(type(config))
    _check_keys(changes, hints, path)
    made = {key: _convert(hints[key], getattr(config, key), new, _join(path, key)) for key, new in changes.items()}
    return _build(lambda: replace(config, **made), path)  # type: ignore[type-var]


def _hints(config: Any) -> dict[str, Any]:
    hints = get_type_hints(config)
    return {field.name: hints[field.name] for field in fields(config)}


def _convert(hint: Any, old: Any, new: Any, path: str) -> Any:
    """`new`, as a file has it, in the type that a setting wants; `old` is its present value."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return _choose(parts, old, new, path)
    if is_dataclass(hint):
        return _configure(hint, old, _expect(new, dict, old, path, "a table"), path)
    if kind is tuple and is_dataclass(parts[0]) and isinstance(new, dict):
        return _change_named(parts[0], old, new, path)
    if kind is tuple:
        return _convert_list(parts, old, _expect(new, list, old, path, "a list"), path)
    if kind is Literal:
        if new not in parts:
            raise ValueError(f"{path} = {show(new)}: choose one of {', '.join(parts)}")
        return new
    if kind is not None:  # a mapping from names
        table = _expect(new, dict, old, path, "a table of names")
        return {name: _convert(parts[1], None, value, _join(path, name)) for name, value in table.items()}
    if hint is float and isinstance(new, int) and not isinstance(new, bool):
        return float(new)
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[hint]
    return _expect(new, hint, old, path, wanted)


def _choose(parts: Sequence[Any], old: Any, new: Any, path: str) -> Any:
    """Of a setting with several types."""
    if type(None) in parts and new == NONE:
        return None
    configs = [part for part in parts if is_dataclass(part)]
    others = [part for part in parts if part is not type(None)]
    if not configs or not isinstance(new, dict) or len(configs) == 1:
        return _convert(others[0], old, new, path)
    first = [type(old)] if type(old) in configs else []
    for config in [*first, *configs]:
        if set(new) <= set(_hints(config)):
            return _configure(config, old, new, path)
    _check_keys(new, {name: None for config in configs for name in _hints(config)}, path)
    has = "; ".join(", ".join(_hints(config)) for config in configs)
    raise ValueError(f"{path}: no configuration has {', '.join(new)} together: give keys of one of {has}")


def _configure(config: Any, old: Any, table: Mapping[str, Any], path: str) -> Any:
    """The present configuration changed, or a new one where it is another or none."""
    if isinstance(old, config):
        return change(old, table, path)
    hints = _hints(config)
    _check_keys(table, hints, path)
    if missing := [name for name in _needed(config) if name not in table]:
        raise ValueError(f"{path}: {_join(path, missing[0])} has to be given too")
    made = {key: _convert(hints[key], None, new, _join(path, key)) for key, new in table.items()}
    return _build(lambda: config(**made), path)


def _needed(config: Any) -> list[str]:
    return [field.name for field in fields(config) if field.default is field.default_factory is MISSING]


def _change_named(config: Any, old: Sequence[Any], table: Mapping[str, Any], path: str) -> tuple[Any, ...]:
    named = {one.name: one for one in old}
    needed = [key for key in _needed(config) if key != "name"]
    for name, new in table.items():
        where = _join(path, name)
        if name in named and new == NONE:
            del named[name]
        elif name in named:
            named[name] = _configure(config, named[name], _expect(new, dict, named[name], where, "a table"), where)
        elif isinstance(new, dict) and all(key in new for key in needed):
            named[name] = _configure(config, None, {"name": name, **new}, where)
        else:
            there = f"{nearest(name, named)}; there are {', '.join(named)}" if named else ""
            wanted = " and ".join(f"{where}.{key}" for key in needed)
            raise ValueError(f"{where}: there is none of that name{there}; a new one needs {wanted}")
    return tuple(named.values())


def _convert_list(parts: Sequence[Any], old: Any, new: Sequence[Any], path: str) -> tuple[Any, ...]:
    if parts[-1] is Ellipsis:
        return tuple(_convert(parts[0], None, value, f"{path}[{place}]") for place, value in enumerate(new))
    if len(new) != len(parts):
        raise ValueError(f"{path} = {show(new)}: wanted are {len(parts)} values, such as {show(list(old))}")
    pairs = enumerate(zip(parts, new, strict=True))
    return tuple(_convert(part, None, value, f"{path}[{place}]") for place, (part, value) in pairs)


def _expect(new: Any, kind: type, old: Any, path: str, wanted: str) -> Any:
    if isinstance(new, kind) and (kind is bool or not isinstance(new, bool)):
        return new
    simple = old is not None and not is_dataclass(old) and not isinstance(old, tuple)
    raise ValueError(f"{path} = {show(new)}: wanted is {wanted}{f', as {show(old)}' if simple else ''}")


def _check_keys(table: Mapping[str, Any], known: Mapping[str, Any], path: str) -> None:
    for key in table:
        if key not in known:
            raise ValueError(
                f"{_join(path, key)} = {show(table[key])}: there is no such setting{nearest(key, known)}; "
                f"{path or 'a recipe'} has {', '.join(known)}"
            )


def _build(make: Callable[[], Config], path: str) -> Config:
    try:
        return make()
    except ValueError as error:
        raise ValueError(f"{path}: {error}" if path else str(error)) from error


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
