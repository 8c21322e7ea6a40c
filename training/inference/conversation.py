"""Conversation: turns as one text, for a model that was not trained on conversations and has no form of its own."""

from __future__ import annotations

from collections.abc import Sequence


def join_turns(turns: Sequence[str]) -> str:
    """What was typed begins a line, and what was said goes on in it, in turn."""
    return "".join(f"\n{turn}" if place and place % 2 == 0 else turn for place, turn in enumerate(turns))
