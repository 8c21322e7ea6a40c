"""The stage graph: which stage reads which files of which other stage, declared here and nowhere else.

    crawl -> documents -> measures -> clean -> repeats -> trimmed -> signatures -> duplicates -> unique
    benchmark, unique -> contamination -> split -> items, tokenizer -> tokens -> shards -> text_index, checkpoint
    checkpoint, split, items, benchmark -> score, learning_curve
    checkpoint -> finetuned -> finetuned_score; checkpoint, split -> risks; checkpoint, shards, split, score -> shrunk

Addresses, lineage, samples, the report and Dagster's edges all follow from it: renaming a stage is a change of this
file. A new one is needed where its result is worth keeping for itself: when others read it, or when it takes long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Kinds of file that hold no records which go on, but what became of those that do not, and what was cut out of others.
# No stage reads them, so they are in no content digest.
ACCOUNTS = ("ledger", "quarantine", "cuts")

# All kinds of file of a dataset but ACCOUNTS.
EVERYTHING = ()


@dataclass(frozen=True, kw_only=True)
class StageType:
    """What a stage reads.

    `reads`: the stages whose datasets it may read -> the kinds of their files that decide its bytes; EVERYTHING for
    all. `documents_from`: those of them whose documents it keeps or drops; of several, the first that a dataset was
    made of. `documents_in`: its kinds of file that hold the documents which it kept, with their origin.
    """

    name: str
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents_from: tuple[str, ...] = ()
    documents_in: tuple[str, ...] = ()


CRAWL, DOCUMENTS, MEASURES, CLEAN, REPEATS, TRIMMED = "crawl", "documents", "measures", "clean", "repeats", "trimmed"
SIGNATURES, DUPLICATES, UNIQUE, BENCHMARK = "signatures", "duplicates", "unique", "benchmark"
CONTAMINATION, SPLIT, ITEMS, TOKENIZER = "contamination", "split", "items", "tokenizer"
TOKENS, SHARDS, TEXT_INDEX, CHECKPOINT = "tokens", "shards", "text_index", "checkpoint"
SCORE, LEARNING_CURVE = "score", "learning_curve"
FINETUNED, FINETUNED_SCORE, RISKS, SHRUNK = "finetuned", "finetuned_score", "risks", "shrunk"

_TEXTS = ("documents",)

# Upstream first.
STAGES: dict[str, StageType] = {
    stage.name: stage
    for stage in (
        StageType(name=CRAWL),
        StageType(name=DOCUMENTS, reads={CRAWL: EVERYTHING}, documents_in=_TEXTS),
        StageType(name=MEASURES, reads={DOCUMENTS: _TEXTS}),
        StageType(
            name=CLEAN,
            reads={DOCUMENTS: _TEXTS, MEASURES: ("measures",)},
            documents_from=(DOCUMENTS,),
            documents_in=_TEXTS,
        ),
        StageType(name=REPEATS, reads={CLEAN: _TEXTS}),
        StageType(
            name=TRIMMED,
            reads={CLEAN: _TEXTS, REPEATS: ("lines", "spans")},
            documents_from=(CLEAN,),
            documents_in=_TEXTS,
        ),
        StageType(name=SIGNATURES, reads={TRIMMED: _TEXTS, CLEAN: _TEXTS}),
        StageType(
            name=DUPLICATES,
            reads={
                TRIMMED: _TEXTS,
                CLEAN: _TEXTS,
                SIGNATURES: EVERYTHING,
                # of crawls that came before
                DUPLICATES: ("removals",),
                UNIQUE: _TEXTS,
            },
        ),
        StageType(
            name=UNIQUE,
            reads={TRIMMED: _TEXTS, CLEAN: _TEXTS, DUPLICATES: ("removals",)},
            documents_from=(TRIMMED, CLEAN),
            documents_in=_TEXTS,
        ),
        StageType(name=BENCHMARK),
        StageType(name=CONTAMINATION, reads={UNIQUE: _TEXTS, BENCHMARK: ("items",)}),
        StageType(
            name=SPLIT,
            reads={UNIQUE: _TEXTS, CONTAMINATION: ("removals",)},
            documents_from=(UNIQUE,),
            documents_in=("train", "heldout"),
        ),
        StageType(name=ITEMS, reads={SPLIT: ("heldout",)}),
        StageType(name=TOKENIZER, reads={SPLIT: ("train",)}),
        StageType(name=TOKENS, reads={SPLIT: ("train", "heldout"), TOKENIZER: ("tokenizer",)}, documents_from=(SPLIT,)),
        # Where documents are mixed, by what is known of them in split and unique.
        StageType(
            name=SHARDS,
            reads={TOKENS: ("train", "heldout"), TOKENIZER: ("tokenizer",), SPLIT: ("train",), UNIQUE: _TEXTS},
        ),
        StageType(name=TEXT_INDEX, reads={SHARDS: ("train",)}),
        StageType(
            name=CHECKPOINT, reads={SHARDS: ("train", "heldout"), TOKENIZER: ("tokenizer",), SPLIT: ("heldout",)}
        ),
        StageType(
            name=SCORE,
            reads={
                CHECKPOINT: ("model",),
                SHARDS: ("train",),
                SPLIT: ("heldout",),
                ITEMS: EVERYTHING,
                BENCHMARK: EVERYTHING,
            },
        ),
        StageType(
            name=LEARNING_CURVE,
            reads={CHECKPOINT: ("model", "along"), SPLIT: ("heldout",), ITEMS: EVERYTHING, BENCHMARK: EVERYTHING},
        ),
        StageType(name=FINETUNED, reads={CHECKPOINT: ("model",)}),
        StageType(name=FINETUNED_SCORE, reads={FINETUNED: ("result",)}),
        StageType(name=RISKS, reads={CHECKPOINT: ("model",), SPLIT: ("train", "heldout")}),
        StageType(
            name=SHRUNK,
            reads={
                CHECKPOINT: ("model",),
                SHARDS: ("train",),
                SPLIT: ("heldout",),
                SCORE: EVERYTHING,  # of the checkpoint, with which its own is paired
            },
        ),
    )
}

# The stages that documents come to, upstream first; each keeps them or says why not.
DOCUMENT_STAGES = tuple(stage.name for stage in STAGES.values() if stage.documents_in or stage.documents_from)


def kinds_read(stage: str, upstream: str) -> tuple[str, ...]:
    """The kinds of file of `upstream` that decide the bytes of `stage`; EVERYTHING for all.

    Raises ValueError where the graph has no such edge.
    """
    reads = STAGES[stage].reads
    if upstream not in reads:
        raise ValueError(f"{stage} is not declared to read {upstream}, but {', '.join(reads) or 'nothing'}")
    return reads[upstream]


def upstream_of(stage: str) -> tuple[str, ...]:
    """All stages that a stage may read, directly or by way of others, upstream first; itself where it reads datasets
    of its own."""
    found: set[str] = set()
    ahead = [stage]
    while ahead:
        new = set(STAGES[ahead.pop()].reads) - found
        found |= new
        ahead += new
    return tuple(name for name in STAGES if name in found)


def join_partitions(partitions: Iterable[str]) -> str:
    """The partition of a dataset that was made of several crawls."""
    return "+".join(partitions)


def crawls_of(partition: str) -> list[str]:
    """What `join_partitions` joined."""
    return partition.split("+")


def holds_crawl(partition: str, crawl: str) -> bool:
    """Whether a dataset's partition is of that crawl, alone or with others."""
    return crawl in crawls_of(partition)
