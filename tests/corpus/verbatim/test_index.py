"""Text index: the same spans, counts and places as a plain scan of the documents, for any documents and questions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.shards.format import Document, Index, token_dtype, write_shard
from corpus.shards.reader import ShardSet
from corpus.verbatim.index import TextIndex
from corpus.verbatim.order import array_name, count_tokens, order_places

Ids = Sequence[int]
Stream = Sequence[Sequence[Sequence[Ids]]]  # tars of chunks of documents


def make(folder: Path, tars: Stream, vocab_size: int, eos: int) -> TextIndex:
    dtype = token_dtype(vocab_size)
    shards = []
    for number, chunks in enumerate(tars):
        made = [
            (
                f"{number}-{place}",
                [Document(doc_id=bytes(16), tokens=np.array([*ids, eos], dtype)) for ids in documents],
            )
            for place, documents in enumerate(chunks)
        ]
        shards.append(write_shard(folder / f"shard-{number:06d}.tar", made, "0" * 64))
    index = Index(dtype=dtype.str, vocab_size=vocab_size, eos=eos, tokenizer="0" * 64, shards=tuple(shards))
    (folder / "index.json").write_bytes(index.to_bytes())
    opened = ShardSet(folder)
    for name in ("order", "counts"):
        (folder / name).mkdir()
    for shard in shards:
        tar = opened.map(shard)
        np.save(folder / "order" / array_name(shard), order_places(tar, shard))
        np.save(folder / "counts" / array_name(shard), count_tokens(tar, shard, vocab_size))
    return TextIndex(opened, folder / "order", folder / "counts")


def scan(tars: Stream, question: Ids, least: int) -> dict[tuple[int, int], list[int]]:
    """The maximal spans and where they stand in the stream, by trying every part of the question in every document."""
    documents = [ids for chunks in tars for documents in chunks for ids in documents]
    firsts = [0, *accumulate(len(ids) + 1 for ids in documents)]
    found: dict[tuple[int, int], list[int]] = {}
    for start in range(len(question)):
        for stop in range(start + 1, len(question) + 1):
            part = list(question[start:stop])
            found[start, stop] = [
                first + place
                for ids, first in zip(documents, firsts, strict=False)
                for place in range(len(ids) - len(part) + 1)
                if list(ids[place : place + len(part)]) == part
            ]
    there = {span: places for span, places in found.items() if places}
    return {
        (start, stop): places
        for (start, stop), places in there.items()
        if stop - start >= least and (start - 1, stop) not in there and (start, stop + 1) not in there
    }


def some_of(element: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(element, min_size=1, max_size=most)


@st.composite
def collections(draw: st.DrawFn) -> tuple[int, int, Ids, Stream]:
    """A vocabulary of 2 or 4 bytes a token, its end of text, a question and tars, of four tokens that often repeat."""
    vocab_size = draw(st.sampled_from([6, 70_000]))
    eos = draw(st.sampled_from([0, vocab_size - 1]))
    ids = st.lists(st.sampled_from(np.linspace(1, vocab_size - 2, 4).astype(int).tolist()), max_size=12)
    return vocab_size, eos, draw(ids), draw(some_of(some_of(some_of(ids, 4), 3), 3))


@settings(max_examples=200, deadline=None)
@given(collections(), st.integers(1, 4))
def test_spans_are_those_of_a_plain_scan(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[int, int, Ids, Stream], least: int
) -> None:
    vocab_size, eos, question, tars = made
    index = make(tmp_path_factory.mktemp("set"), tars, vocab_size, eos)
    wanted = scan(tars, question, least)
    spans = index.spans(np.array(question, np.int64), least)
    assert {(span.start, span.stop): list(index.places(np.array(question), span)) for span in spans} == wanted
    assert [span.occurrences for span in spans] == [len(wanted[span.start, span.stop]) for span in spans]
    assert [span.bits for span in spans] == sorted((span.bits for span in spans), reverse=True)


def test_rare_tokens_come_before_many_frequent_ones(tmp_path: Path) -> None:
    index = make(tmp_path, [[[[1, 1, 1, 1]] * 50 + [[2, 3, 4]]]], 6, 0)
    rare, frequent = index.spans(np.array([1, 1, 1, 1, 2, 3, 4]), 1)
    assert (rare.start, rare.stop, rare.occurrences) == (4, 7, 1) and rare.bits > frequent.bits
    assert (frequent.start, frequent.stop, frequent.occurrences) == (0, 4, 50)


def test_a_question_across_documents_is_refused(tmp_path: Path) -> None:
    index = make(tmp_path, [[[[1, 2], [3, 4]]]], 6, 0)
    assert [(span.start, span.stop) for span in index.spans(np.array([1, 2, 3, 4]), 1)] == [(0, 2), (2, 4)]
    with pytest.raises(ValueError, match="no end of text"):
        index.spans(np.array([1, 2, 0, 3]), 1)
    with pytest.raises(ValueError, match="6 lies outside"):
        index.spans(np.array([1, 6]), 1)


def test_a_damaged_order_never_gives_a_wrong_place(tmp_path: Path) -> None:
    question = np.array([1, 2])
    index = make(tmp_path, [[[[1, 2, 3] * 8]]], 6, 0)
    [span] = index.spans(question, 2)
    true, path, refused = set(index.places(question, span)), tmp_path / "order" / "shard-000000.npy", 0
    sound = np.load(path)
    for number in range(len(sound)):
        for wrong in (sound[-1], 2**32 - 1):  # another token's place, and one that leads out of the tar
            np.save(path, np.where(np.arange(len(sound)) == number, wrong, sound).astype(sound.dtype))
            try:
                reopened = TextIndex(index.shards, tmp_path / "order", tmp_path / "counts")
                assert all(true.issuperset(reopened.places(question, one)) for one in reopened.spans(question, 2))
            except ValueError as error:
                assert "verify" in str(error)
                refused += 1
    assert refused


def test_arrays_of_other_tars_are_refused(tmp_path: Path) -> None:
    index = make(tmp_path, [[[[1, 2, 3, 1]]]], 6, 0)
    for name, change in (("order", lambda array: array[1:]), ("counts", lambda array: array + 1)):
        path = tmp_path / name / "shard-000000.npy"
        sound = np.load(path)
        np.save(path, change(sound))
        with pytest.raises(ValueError, match="verify"):
            TextIndex(index.shards, tmp_path / "order", tmp_path / "counts")
        np.save(path, sound)
