"""Confirmation: whoever changes a lake for good is asked first."""

from __future__ import annotations

import sys


def confirm(question: str, yes: bool) -> bool:
    """Whether a person at the terminal agrees; `yes` answers for them. Raises ValueError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ValueError(f"{question} There is no terminal to answer at: give --yes to go on, --dry-run only to look")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
