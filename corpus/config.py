"""Config: what configurations share: fields that take one of a few words, typed as Literal, the check of those, and the
nearest name for a mistyped one. Imports nothing beyond the standard library."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints


def literal_choices(config: type) -> dict[str, tuple[str, ...]]:
    """The fields of a configuration that are typed as Literal, and the words that each takes."""
    hints = get_type_hints(config)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def check_choices(config: Any) -> None:
    """Raises ValueError where a field typed as Literal has another value: type hints alone do not enforce it. Names the
    field, its value and what it takes."""
    for name, words in literal_choices(type(config)).items():
        value = getattr(config, name)
        if value not in words:
            raise ValueError(f"{name} {value!r} is unknown; choose one of {', '.join(words)}")


def nearest(word: str, alternatives: Iterable[str]) -> str:
    """'; did you mean X?' for the alternative that is most like the word, or ''."""
    matches = difflib.get_close_matches(word, list(alternatives), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]}?" if matches else ""
