"""Items: benchmark questions made from held-out pages by a seeded recipe, so that scores need no network.

last_word      the last word of a passage, given the passage (as in LAMBADA, Paperno et al. 2016, arXiv:1606.06031)
continuation   which of four sentences goes on (as in HellaSwag, Zellers et al. 2019, arXiv:1905.07830); the three
               wrong ones are sentences of other held-out pages in the same language
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.lake.manifest import sha256
from corpus.lake.schema import DOC_ID
from corpus.text.normal_form import WORD, words

SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n\s*\n")

LAST_WORD = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
    ]
)
CONTINUATION = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("doc_id", DOC_ID, nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("endings", pa.list_(pa.string()), nullable=False),
        pa.field("answer", pa.int32(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ItemConfig:
    """At most `per_page` items of a kind from one page and `max_items` in all; contexts and endings in words."""

    per_page: int = 8
    max_items: int = 500
    context_words: tuple[int, int] = (15, 100)
    ending_words: tuple[int, int] = (4, 30)
    endings: int = 4
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class _Passage:
    """`context` + `gap` + `ending` stand in the page; `gap` is white space, and nothing where a script has none."""

    doc_id: bytes
    language: str
    context: str
    ending: str
    gap: str = field(compare=False)


def build_items(pages: Sequence[Mapping[str, Any]], config: ItemConfig) -> tuple[list[dict], list[dict]]:
    """(last_word rows, continuation rows) from rows with doc_id, language and text, the same in any order of pages."""
    ordered = sorted(pages, key=lambda page: page["doc_id"])
    passages = [passage for page in ordered for passage in _passages(page, config)]
    random = np.random.RandomState(config.seed)
    chosen = [passages[position] for position in sorted(random.permutation(len(passages))[: config.max_items])]
    return [_last_word(passage) for passage in chosen], _continuations(chosen, passages, config, random)


def _passages(page: Mapping[str, Any], config: ItemConfig) -> list[_Passage]:
    """Two to four sentences and the one that follows, from positions spread over the page."""
    text = page["text"]
    cuts = [0, *(match.end() for match in SENTENCE.finditer(text)), len(text)]
    found = []
    for position in range(1, len(cuts) - 1):
        before, after = text[cuts[max(0, position - 4)] : cuts[position]], text[cuts[position] : cuts[position + 1]]
        context, ending = before.strip(), after.strip()
        if _within(ending, config.ending_words) and _within(context, config.context_words):
            gap = before[len(before.rstrip()) :] + after[: len(after) - len(after.lstrip())]
            passage = {"doc_id": page["doc_id"], "language": page["language"], "context": context, "ending": ending}
            found.append(_Passage(**passage, gap=gap))
    distinct = list(dict.fromkeys(found))  # reference pages repeat themselves; a question is asked once
    step = max(1, len(distinct) // config.per_page)
    return distinct[::step][: config.per_page]


def _within(text: str, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= len(words(text)) <= bounds[1]


def _item_id(passage: _Passage) -> str:
    return sha256(passage.doc_id + f"{passage.context}\0{passage.ending}".encode())[:16]


def _last_word(passage: _Passage) -> dict[str, Any]:
    """Cut before the last word; what stands after it (a full stop) is no part of the question."""
    whole = passage.context + passage.gap + passage.ending
    last = list(WORD.finditer(whole.lower() if len(whole.lower()) == len(whole) else whole))[-1]
    start = last.start() - 1 if whole[last.start() - 1] == " " else last.start()
    return {
        "item_id": _item_id(passage),
        "doc_id": passage.doc_id,
        "context": whole[:start],
        "target": whole[start : last.end()],
    }


def _continuations(
    chosen: Sequence[_Passage], passages: Sequence[_Passage], config: ItemConfig, random: np.random.RandomState
) -> list[dict[str, Any]]:
    """Passages whose language has too few other pages to take wrong endings from are left out."""
    rows = []
    for passage in chosen:
        others = sorted(
            {
                other.ending
                for other in passages
                if other.doc_id != passage.doc_id and other.language == passage.language
            }
            - {passage.ending}
        )
        if len(others) < config.endings - 1:
            continue
        wrong = [others[position] for position in random.permutation(len(others))[: config.endings - 1]]
        answer = int(random.randint(config.endings))
        endings = [*wrong[:answer], passage.ending, *wrong[answer:]]
        rows.append(
            {
                "item_id": _item_id(passage),
                "doc_id": passage.doc_id,
                "context": passage.context,
                "endings": [passage.gap + ending for ending in endings],
                "answer": answer,
            }
        )
    return rows
