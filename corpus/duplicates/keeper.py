"""Keeper: which of several documents that are copies of one another stays. Said here and nowhere else.

Of crawls that are compared together, a document of an earlier crawl stays (`order_crawls`); within a crawl the longest
text, for a shorter one may be a part of it, and of equally long ones the first in the crawl's files. That is the order
of `document_numbers`, which need nothing but the document itself: so no step has to put all documents of a crawl in
order. It is the same whatever the workers, and adding a crawl changes nothing before it.

    bits 52 to 63    the place of the crawl among those that are compared
    bits 32 to 51    how much shorter the text is than LONGEST characters
    bits 0 to 31     the position of the document among those of its crawl
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CRAWL, LENGTH = 52, 32  # bits to the right
CRAWLS, DOCUMENTS = 1 << (64 - CRAWL), 1 << LENGTH  # how many there can be; documents of one crawl
LONGEST = (1 << (CRAWL - LENGTH)) - 1  # characters; longer texts are as long as this
# Of documents that no crawl gave a place: by their ids.
OF_FILES = [("length", "descending"), ("id", "ascending")]


def order_crawls(names: Sequence[str], first: Sequence[str]) -> list[str]:
    """The crawls as they are compared: those that a configuration lists `first`, then the others by name."""
    listed = {name: position for position, name in enumerate(first)}
    return sorted(names, key=lambda name: (listed.get(name, len(listed)), name))


def sort_by_keeper(documents: pa.Table, order: Sequence[tuple[str, str]]) -> pa.Array:
    """The rows of a table with the columns of an order, as indices: what stays stands before what goes for it."""
    return pc.sort_indices(documents, sort_keys=list(order))


def document_numbers(crawl: int, characters: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Numbers of a crawl's documents, uint64, that rise in the keeper's order. `characters` (D,) int64 are the lengths
    of their texts, `positions` (D,) count the documents of the crawl from 0 on."""
    shorter = np.uint64(LONGEST) - np.minimum(characters, LONGEST).astype(np.uint64)
    return np.uint64(first_number(crawl)) + (shorter << np.uint64(LENGTH)) + positions.astype(np.uint64)


def first_number(crawl: int) -> int:
    """The smallest number that a document of this crawl may have."""
    return crawl << CRAWL


def crawls_of(documents: np.ndarray) -> np.ndarray:
    return (documents >> np.uint64(CRAWL)).astype(np.int64)


def positions_of(documents: np.ndarray) -> np.ndarray:
    return (documents & np.uint64(DOCUMENTS - 1)).astype(np.int64)
