"""Shared: real inputs that lie beside a checkout and are no part of it."""

from __future__ import annotations

from pathlib import Path


def beside(*names: str) -> Path | None:
    """../shared/<names> of this checkout or of a folder around it, or None where there is no such thing."""
    for up in Path(__file__).resolve().parents:
        if (found := up.joinpath("shared", *names)).exists():
            return found
    return None
