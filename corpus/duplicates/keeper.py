"""Keeper: which of several documents that are copies of one another stays. Said here and nowhere else.

Of crawls that are compared together, a document of an earlier crawl stays (`order_crawls`); within a crawl, the first
in this order. Both are the same whatever the order of files and workers, and adding a crawl changes nothing before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

# The longest text, for a shorter one may be a part of it; of equally long ones the first in the crawl's files.
OF_A_CRAWL = [("characters", "descending"), ("warc_file", "ascending"), ("warc_offset", "ascending")]
# Of documents that no crawl gave a place: by their ids.
OF_FILES = [("length", "descending"), ("id", "ascending")]


def order_crawls(names: Sequence[str], first: Sequence[str]) -> list[str]:
    """The crawls as they are compared: those that a configuration lists `first`, then the others by name."""
    listed = {name: position for position, name in enumerate(first)}
    return sorted(names, key=lambda name: (listed.get(name, len(listed)), name))


def sort_by_keeper(documents: pa.Table, order: Sequence[tuple[str, str]]) -> pa.Array:
    """The rows of a table with the columns of an order, as indices: what stays stands before what goes for it."""
    return pc.sort_indices(documents, sort_keys=list(order))
