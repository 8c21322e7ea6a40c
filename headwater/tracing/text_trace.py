"""Text trace: the longest spans of a text that stand word for word in the training tokens, each with its documents,
their records in the crawl's files, and the training steps that read it.

Provenance, not influence: where words stand, and not why a model writes them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psutil

from corpus.audit.samples import look_up
from corpus.lake.manifest import Manifest
from corpus.lake.stages import SHARDS, SPLIT
from corpus.lake.store import Lake
from corpus.shards.format import Index, OtherVersionError
from corpus.verbatim.index import TextIndex
from corpus.verbatim.texts import LEAST, FoundSpan, find_documents, find_spans
from dagster_project.text_indexes import open_text_index
from headwater.tracing.page_trace import ShardPosition
from headwater.tracing.readings import CLAIM, OTHER_VERSION, Readers, open_shards
from headwater.tracing.step_trace import ORIGIN, StepDocument
from pipelines.engine import Engine
from pipelines.text_index import bytes_needed

SPANS = 10  # of a text
DOCUMENTS, PLACES = 10, 100  # of a span, that are looked at


@dataclass(frozen=True, kw_only=True)
class TextDocument(StepDocument):
    """A training document that a span stands in, at `positions` of the shards. `warc_offset` and `warc_length` count
    bytes of the file, or rows of a table."""

    positions: tuple[ShardPosition, ...]


@dataclass(frozen=True, kw_only=True)
class TextSpan:
    """Characters [start, stop) of the text. `bits`: how unlikely its `tokens` are, each by its own frequency.
    `occurrences`: in all training tokens; `documents` are some of those that they are in."""

    text: str
    start: int
    stop: int
    tokens: int
    bits: float
    occurrences: int
    documents: tuple[TextDocument, ...]


@dataclass(frozen=True, kw_only=True)
class TextTrace:
    """What stands of a text in the training tokens of a dataset of shards. `found`: how many maximal spans, of at least
    `least` tokens; `spans` are those with most bits. `note`: why nothing was looked for, where the shards cannot be
    read."""

    text: str
    address: str
    training_tokens: int
    training_documents: int
    least: int
    found: int = 0
    spans: tuple[TextSpan, ...] = ()
    note: str | None = None
    claim: str = CLAIM


def open_tracers(lake: Lake) -> list[TextTracer]:
    """One for each dataset of shards. Indexes that are not there yet are made. Raises FileNotFoundError where the lake
    has no shards."""
    shards = list(lake.datasets(SHARDS))
    if not shards:
        raise FileNotFoundError(f"no training shards in the lake {lake.url}: `headwater demo` makes some")
    return [TextTracer(lake, manifest) for manifest in shards]


class TextTracer:
    """Finds texts in the training tokens of a dataset of shards. Makes their index where the lake has none."""

    def __init__(self, lake: Lake, manifest: Manifest) -> None:
        self.lake, self.manifest = lake, manifest
        self._index: TextIndex | None = None
        try:
            shards = open_shards(lake, manifest, "train")
        except OtherVersionError:
            return
        self._index, self._vocabulary = open_text_index(lake, manifest, shards, _engine(shards.index))
        self._readers = Readers(lake, manifest, shards)

    def trace(self, text: str, least: int = LEAST, limit: int = SPANS) -> TextTrace:
        """The `limit` spans of at least `least` tokens that are least likely by chance. Raises ValueError for a text
        without a word in it."""
        if not text.strip():
            raise ValueError("give a text: its words are looked for in the training tokens")
        index, address = self._index, self.manifest.address
        if index is None:
            note = f"its shards are {OTHER_VERSION}"
            return TextTrace(
                text=text, address=address, training_tokens=0, training_documents=0, least=least, note=note
            )
        found = find_spans(index, self._vocabulary, text, least)
        return TextTrace(
            text=text,
            address=address,
            training_tokens=index.shards.index.tokens,
            training_documents=index.shards.index.documents,
            least=least,
            found=len(found),
            spans=self._described(index, text, found[:limit]),
        )

    def _described(self, index: TextIndex, text: str, found: list[FoundSpan]) -> tuple[TextSpan, ...]:
        positions = [self._positions(index, one) for one in found]
        ids = sorted({bytes.fromhex(doc_id) for some in positions for doc_id in some})
        pages = look_up(self.lake, self.lake.datasets(SPLIT), ["train"], ids, ["doc_id", *ORIGIN])
        return tuple(
            TextSpan(
                text=text[one.start : one.stop],
                start=one.start,
                stop=one.stop,
                tokens=one.span.stop - one.span.start,
                bits=one.span.bits,
                occurrences=one.span.occurrences,
                documents=tuple(
                    _document(doc_id, pages.get(bytes.fromhex(doc_id), {}), places) for doc_id, places in some.items()
                ),
            )
            for one, some in zip(found, positions, strict=True)
        )

    def _positions(self, index: TextIndex, found: FoundSpan) -> dict[str, list[ShardPosition]]:
        """By document, in the order of the stream."""
        return {
            doc_id: [
                ShardPosition(
                    address=self.manifest.address,
                    split="train",
                    shard=tar,
                    first=first,
                    end=end,
                    readings=self._readers.readings(first, end),
                )
                for tar, first, end in places
            ]
            for doc_id, places in find_documents(index, found, DOCUMENTS, PLACES).items()
        }


def _engine(index: Index) -> Engine:
    """As many processes as there are cores, if they have room."""
    fitting = psutil.virtual_memory().available // max(bytes_needed(index), 1)
    return Engine(workers=max(1, min(os.cpu_count() or 1, fitting)))


def _document(doc_id: str, row: dict[str, Any], positions: list[ShardPosition]) -> TextDocument:
    return TextDocument(doc_id=doc_id, **{name: row.get(name) for name in ORIGIN}, positions=tuple(positions))
