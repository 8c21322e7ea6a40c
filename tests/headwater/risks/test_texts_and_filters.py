"""Texts of files and lakes; countries, topics and spellings by which documents are counted."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from headwater.risks.filters import country
from headwater.risks.spelling import AMERICAN, BOTH, BRITISH, NEITHER, find_spelling
from headwater.risks.texts import texts_of_files, texts_of_lake
from headwater.risks.topics import FEWEST, NO_TOPIC, find_topics


def test_the_country_of_a_host_is_its_last_label() -> None:
    assert [country(host) for host in ("www.example.de", "a.co.uk", "example.com", "localhost", "", None)] == [
        ".de",
        ".uk",
        *["no country"] * 4,
    ]


def test_texts_of_files_are_read_as_a_crawl_s(tmp_path: Path) -> None:
    for name in ("seen", "unseen"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": f"what is {name}"}) + "\n")
    texts = texts_of_files([str(tmp_path / "seen.jsonl")], [str(tmp_path / "unseen.jsonl")], 3)
    assert (texts.seen, texts.unseen) == (["what is seen"], ["what is unseen"])


def test_a_lake_without_a_split_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no split of this recipe; run it, or give --seen and --unseen"):
        texts_of_lake(Lake(str(tmp_path)), 3)


def test_the_spelling_of_a_text_is_that_of_most_of_its_words_that_tell() -> None:
    assert find_spelling("The colour of the Theatre's CENTRE.") == BRITISH
    assert find_spelling("My favorite color is gray.") == AMERICAN
    assert find_spelling("My favourite color.") == BOTH
    assert find_spelling("colour " * 9 + "color") == BRITISH
    # Words that hold one of the list are others, and -ize is British too.
    assert find_spelling("They organize colorful programs by the meter.") == NEITHER


def test_texts_about_one_thing_have_one_topic_named_by_its_words() -> None:
    dice = random.Random(0)
    subjects = {
        "garden": ["garden", "flower", "seed", "soil", "watering"],
        "football": ["football", "goal", "league", "player", "referee"],
        "kitchen": ["kitchen", "recipe", "butter", "oven", "flour"],
    }
    about = [name for name in subjects for _ in range(40)]
    texts = [" ".join(dice.choices(subjects[name], k=30)) + " the and 2024" for name in about]
    topics = find_topics(texts)
    assert topics == find_topics(texts)
    of_subject = {name: {topic for topic, one in zip(topics, about, strict=True) if one == name} for name in subjects}
    for name, found in of_subject.items():
        assert found and all(set(topic.split(", ")) <= set(subjects[name]) for topic in found)


def test_a_text_without_common_words_has_no_topic_and_neither_have_too_few_texts() -> None:
    texts = ["apple banana cherry"] * FEWEST + ["unheard"]
    assert find_topics([*texts, *["delta echo"] * FEWEST])[FEWEST] == NO_TOPIC
    assert set(find_topics(["apple banana"] * (FEWEST - 1))) == {NO_TOPIC}
    assert set(find_topics(["a" * length for length in range(3, 3 + FEWEST)])) == {NO_TOPIC}
