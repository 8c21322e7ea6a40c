"""Checkpoints that the tests of scores share."""

from scored_checkpoints import checkpoint, trained

__all__ = ["checkpoint", "trained"]
