from __future__ import annotations

import numpy as np

from corpus.extract.blocks import Reading, read_blocks
from corpus.extract.features_local import FEATURE, compute_local_features
from corpus.extract.kernels.vocabulary import BUCKETS
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.vocabulary import Vocabulary, Words, alone, find_words, score_words


def names_around(reading: Reading, block: int) -> set[int]:
    names, element = reading.names, int(reading.blocks.rows[block, BLOCK.named])
    found: set[int] = set()
    while True:
        found |= {*names.buckets[names.offsets[element] : names.offsets[element + 1]].tolist()}
        if names.around[element] == element:
            return found
        element = int(names.around[element])


def names(html: str) -> set[int]:
    return names_around(read_blocks(html.encode()), 0)


def words(text: str) -> Words:
    blocks = read_blocks(f"<p>{text}".encode()).blocks
    return find_words(blocks.points, blocks.rows)


def test_a_class_is_known_by_its_name_and_by_its_words_whatever_their_numbers() -> None:
    assert names('<div class="post-123 entry">a') == names('<div class="entry post-7">a')
    assert names("<div class=entry-content>a") & names('<div class="entryContent">a')
    assert names("<div class=entry-content>a") != names('<div class="content entry">a')
    assert not names("<div>a") and not names('<div class="">a')
    assert names("<div class=12>a") == names("<div class=7>a")


def test_all_elements_around_a_block_name_it_and_none_beside_it() -> None:
    page = read_blocks(b"<div class=outer><nav class=inner>one</nav>two</div><p id=last>three")
    outer, inner, last = (
        names_around(read_blocks(f"<p {name}>a".encode()), 0) for name in ("class=outer", "class=inner", "id=last")
    )
    assert [names_around(page, block) for block in range(3)] == [outer | inner, outer, last]


def test_words_are_those_of_any_script_in_whatever_case() -> None:
    assert words("Read MORE").buckets.tolist() == words("read more").buckets.tolist()
    assert len(words("阅读全文").buckets) == 8  # characters, and pairs of them
    assert words("Weiterlesen…").buckets.tolist() != words("Kommentare").buckets.tolist()


def test_of_a_long_block_the_beginning_and_the_end_are_looked_at() -> None:
    long = [f"{'w' * 9}{chr(97 + number % 26)}" for number in range(200)]
    one, other = (words(" ".join([*long[:100], middle, *long[100:]])) for middle in ("mitten", "drin"))
    assert one.buckets.tolist() == other.buckets.tolist()
    assert words(" ".join([*long, "Reuters"])).buckets[-1] == words(f"{' '.join(long[:30])} Reuters").buckets[-1]


def test_what_words_weigh_is_a_feature_of_the_block() -> None:
    page = read_blocks(b"<div class=outer><div class=teaser>one</div>two</div>")
    weights = Vocabulary(*(np.zeros(BUCKETS, np.int16) for _ in Vocabulary._fields))
    weights.names[[*names("<p class=teaser>a")]] = -300
    weights.innermost[[*names("<p class=outer>a")]] = 200
    weights.words[words("two").buckets] = 100
    features = compute_local_features(page, weights).features
    assert features[:, FEATURE.names].tolist() == [-300, 0]  # of four words two, over the root of four
    assert features[:, FEATURE.innermost_names].tolist() == [0, 282]
    assert features[:, FEATURE.words].tolist() == [0, 141]
    assert score_words(alone(page.names), weights.names).tolist() == [0, 0, -424]
