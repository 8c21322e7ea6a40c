"""Sample traces: which stretches of what a model writes stand word for word in its training tokens, and where."""

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.audit.samples import look_up
from corpus.lake.manifest import Manifest
from corpus.lake.stages import SHARDS, SPLIT
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.reader import ShardSet
from corpus.verbatim.texts import FoundSpan, find_documents, find_spans
from dagster_project.folders import local_folder
from dagster_project.text_indexes import open_text_index
from pipelines.engine import Engine

INDEXED = 1 << 26  # training tokens, a tar as it comes: the index of more is made when somebody asks for it
SPANS, DOCUMENTS = 5, 3  # of a text; of a span
ORIGIN = ("url", "warc_file", "warc_offset", "warc_length")


def trace_samples(
    lake: Lake, checkpoint: Manifest, texts: Sequence[str], engine: Engine
) -> list[list[dict[str, Any]]] | None:
    """Of each text its SPANS least likely spans, in the order of the text, with some of the documents that hold each
    and the places of their records. None where there are more than INDEXED training tokens."""
    [shards] = sources(lake, checkpoint, SHARDS)
    if shards.figures["train_tokens"] > INDEXED:
        return None
    train = ShardSet(lake.local_copy(shards, "train", local_folder(lake, "cache")))
    index, vocabulary = open_text_index(lake, shards, train, engine)
    found = [sorted(find_spans(index, vocabulary, text)[:SPANS] if text else [], key=_start) for text in texts]
    holders = [[list(find_documents(index, one, DOCUMENTS)) for one in some] for some in found]
    ids = sorted({bytes.fromhex(doc_id) for some in holders for doc_ids in some for doc_id in doc_ids})
    pages = look_up(lake, lake.datasets(SPLIT), ["train"], ids, ["doc_id", *ORIGIN])
    return [
        [_describe(text, one, doc_ids, pages) for one, doc_ids in zip(some, held, strict=True)]
        for text, some, held in zip(texts, found, holders, strict=True)
    ]


def _start(found: FoundSpan) -> int:
    return found.start


def _describe(
    text: str, found: FoundSpan, doc_ids: Sequence[str], pages: Mapping[bytes, Mapping[str, Any]]
) -> dict[str, Any]:
    documents = [
        {"doc_id": doc_id, **{name: pages.get(bytes.fromhex(doc_id), {}).get(name) for name in ORIGIN}}
        for doc_id in doc_ids
    ]
    return {
        "text": text[found.start : found.stop],
        "start": found.start,
        "stop": found.stop,
        "tokens": found.span.stop - found.span.start,
        "bits": round(found.span.bits, 1),
        "occurrences": found.span.occurrences,
        "documents": documents,
    }
