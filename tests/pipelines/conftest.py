"""Shards that the tests of their faults share; other files have their own `made` and `folder`."""

from shard_faults import folder, made

__all__ = ["folder", "made"]
