"""Items: questions that a seed makes of held-out pages, word for word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from corpus.holdout.items import CONTINUATION, LAST_WORD, ItemConfig, build_items
from corpus.text.normal_form import words

THINGS = ["rain", "snow", "sand", "wind", "salt", "fish", "moss", "clay"]
CONFIG = ItemConfig(per_page=5, max_items=100)


def english(number: int) -> str:
    thing = THINGS[number % len(THINGS)]
    return "\n\n".join(
        f"The {thing} number {number} of day {day} came down from the hills. It lay on the banks until evening! "
        f"Who would have thought that {thing} could travel so far in {day} hours?"
        for day in range(6)
    )


def chinese(number: int) -> str:
    return "".join(
        f"第{number}条河的水在{day}月从山上流下来，经过许多村庄。河边的{number}个人在{day}天里把石头和沙子运到很远的地方去！"
        for day in range(6)
    )


def page(number: int, text: str, language: str) -> dict[str, Any]:
    return {"doc_id": bytes([number]) * 16, "language": language, "text": text}


PAGES = [page(number, english(number), "en") for number in range(6)]
PAGES += [page(number + 50, chinese(number), "zh") for number in range(5)]
TEXTS = {one["doc_id"]: one["text"] for one in PAGES}
LAST_WORDS, CONTINUATIONS = build_items(PAGES, CONFIG)


def test_every_page_asks_and_no_more_than_it_may() -> None:
    for rows in (LAST_WORDS, CONTINUATIONS):
        asked = [row["doc_id"] for row in rows]
        assert set(asked) == set(TEXTS)
        assert max(asked.count(doc_id) for doc_id in TEXTS) <= CONFIG.per_page
    assert len(build_items(PAGES, ItemConfig(max_items=7))[0]) == 7


def test_the_rows_have_their_schema() -> None:
    assert pa.Table.from_pylist(LAST_WORDS, schema=LAST_WORD).num_rows == len(LAST_WORDS)
    assert pa.Table.from_pylist(CONTINUATIONS, schema=CONTINUATION).num_rows == len(CONTINUATIONS)


def test_context_and_target_are_text_of_the_page() -> None:
    for row in LAST_WORDS:
        text = TEXTS[row["doc_id"]]
        assert row["context"] + row["target"] in text
        assert len(words(row["target"])) == 1
        assert not row["context"].endswith(" "), "the space belongs to the word: a tokenizer splits before it"
        behind = text[text.index(row["context"] + row["target"]) + len(row["context"] + row["target"]) :]
        assert behind[0] in ".!?。！？", "the target is the last word of its sentence"


def test_the_answer_goes_on_in_the_page_and_the_others_do_not() -> None:
    for row in CONTINUATIONS:
        text = TEXTS[row["doc_id"]]
        assert row["context"] + row["endings"][row["answer"]] in text
        wrong = [ending for place, ending in enumerate(row["endings"]) if place != row["answer"]]
        assert len({*row["endings"]}) == CONFIG.endings == len(wrong) + 1
        others = "\n".join(other for doc_id, other in TEXTS.items() if doc_id != row["doc_id"])
        for ending in wrong:
            assert row["context"] + ending not in text
            assert ending.strip() in others
            assert ("河" in ending) == ("河" in row["context"]), "wrong endings are in the same language"


def test_the_answer_stands_anywhere() -> None:
    answers = [row["answer"] for row in CONTINUATIONS]
    assert {*answers} == set(range(CONFIG.endings))
    counts = np.bincount(answers, minlength=CONFIG.endings)
    assert counts.max() < len(answers) * 0.6


def test_the_seed_decides_and_the_order_of_pages_does_not() -> None:
    assert build_items(PAGES[::-1], CONFIG) == (LAST_WORDS, CONTINUATIONS)
    again, other = (build_items(PAGES, ItemConfig(per_page=5, max_items=20, seed=seed)) for seed in (1, 2))
    assert again == build_items(PAGES, ItemConfig(per_page=5, max_items=20, seed=1))
    assert again != other


def test_item_ids_are_distinct_also_where_a_page_repeats_itself() -> None:
    repeated = [page(number, "\n\n".join([english(number)] * 4), "en") for number in range(5)]
    for rows in (*build_items(repeated, ItemConfig()), LAST_WORDS, CONTINUATIONS):
        assert rows and len({row["item_id"] for row in rows}) == len(rows)
    contexts = [row["context"] for row in build_items(repeated, ItemConfig())[0] if row["doc_id"] == bytes(16)]
    assert len(contexts) == len(set(contexts))


def test_an_item_keeps_its_id_when_other_pages_come_and_go() -> None:
    fewer = build_items(PAGES[:3], CONFIG)[0]
    assert {row["item_id"] for row in fewer} <= {row["item_id"] for row in LAST_WORDS}


def test_lengths_are_bounded() -> None:
    config = ItemConfig(context_words=(20, 40), ending_words=(5, 12))
    last_words, continuations = build_items(PAGES, config)
    assert last_words and continuations
    for row in continuations:
        assert 20 <= len(words(row["context"])) <= 40
        assert 5 <= len(words(row["endings"][row["answer"]])) <= 12


@pytest.mark.parametrize("text", ["", "One sentence.", "no end at all " * 50, "。" * 100, "\n\n\n", "水" * 500])
def test_a_page_without_passages_asks_nothing(text: str) -> None:
    assert build_items([page(1, text, "en")], CONFIG) == ([], [])


def test_without_other_pages_there_is_no_choice_to_offer() -> None:
    last_words, continuations = build_items(PAGES[:1], CONFIG)
    assert last_words and not continuations
