"""Choices: fields of a configuration that take one of a few words, which type hints alone do not enforce."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints


def choices(config: type) -> dict[str, tuple[str, ...]]:
    """The fields of a configuration that are typed as Literal, and the words that each takes."""
    hints = get_type_hints(config)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def check_choices(config: Any) -> None:
    """Raises ValueError naming the field, what it has and what it takes."""
    for name, words in choices(type(config)).items():
        value = getattr(config, name)
        if value not in words:
            raise ValueError(f"{name} {value!r}: there are {' and '.join(words)}")
