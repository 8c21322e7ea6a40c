"""Text trace: planted sentences are found with their records and steps, what stands nowhere is said so."""

from __future__ import annotations

import io
import json
import random
import shutil
from pathlib import Path

import pytest
from graphs import Graph
from tokens_of_text import ONE, Made, make_tokens

import headwater
from corpus.lake.store import Lake
from corpus.shards.mix import MixConfig
from corpus.shards.reader import ShardSet
from corpus.tokenizer.vocabulary import Vocabulary
from headwater.cli import main
from headwater.lake_reader import LakeReader
from pipelines.benchmark import publish_benchmark
from pipelines.shards import ShardConfig, shard
from pipelines.vocabulary import tokenizer_bytes

NOWHERE = "Quetzalcoatl juggles eleven xylophones, whereupon zebras vanish!"
CLAIM = "provenance, not influence"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Shards of a mix, in which pages of few tokens stand several times, in several tars."""
    made = make_tokens(Lake(str(tmp_path_factory.mktemp("lake"))))
    mix = MixConfig(shares={"en": 0.3, "zh": 0.6})
    shard(made.lake, made.tokens, made.tokenizer, ShardConfig(chunk_tokens=700, chunks_per_shard=2, mix=mix), ONE)
    return made


@pytest.fixture
def lake(made: Made) -> LakeReader:
    return headwater.open(made.lake.url)


def train(made: Made) -> tuple[ShardSet, Vocabulary]:
    [manifest] = made.lake.datasets("shards")
    return ShardSet(f"{made.lake.folder(manifest)}/train"), Vocabulary(tokenizer_bytes(made.lake, made.tokenizer))


def test_planted_sentences_are_found_with_their_records(made: Made, lake: LakeReader) -> None:
    shards, vocabulary = train(made)
    rows, dice = made.rows(), random.Random(1)
    copies = [doc_id for _, doc_id, _, _ in shards.documents(0, len(shards))]
    for doc_id in sorted(set(copies)):
        words = str(rows[doc_id]["text"]).split(" ")
        if len(words) < 10:
            continue
        start = dice.randrange(1, len(words) - 8)  # the first word of a document is a token of its own
        sentence = " ".join(words[start : start + 8])
        for text in (sentence, f"{NOWHERE} {sentence} {NOWHERE}"):
            [trace] = lake.trace_text(text)
            assert trace.claim == CLAIM and trace.training_tokens == len(shards)
            [span] = [span for span in trace.spans if sentence in span.text]
            assert text[span.start : span.stop] == span.text and span.tokens >= 8
            [document] = [document for document in span.documents if document.doc_id == doc_id]
            assert (document.url, document.warc_file) == (rows[doc_id]["url"], rows[doc_id]["source"])
            assert len(document.positions) == copies.count(doc_id) and span.occurrences >= len(document.positions)
            for position in document.positions:
                ids = shards.tokens(position.first, position.end).tolist()
                assert vocabulary.tokenizer.decode(ids).strip() == span.text.strip()
                [(tar, found, *_)] = shards.documents(position.first, position.end)
                assert (tar, found) == (position.shard, doc_id)


def test_a_span_ends_with_its_document(made: Made, lake: LakeReader) -> None:
    shards, _ = train(made)
    rows = made.rows()
    (_, first, *_), (_, second, *_) = shards.documents(0, 700)[:2]
    [trace] = lake.trace_text(f"{rows[first]['text']}{rows[second]['text']}")
    border = len(str(rows[first]["text"]))
    assert len(trace.spans) >= 2
    assert not [span for span in trace.spans if span.start < border - 20 and span.stop > border + 20]


def test_what_stands_nowhere_is_said_so(lake: LakeReader, capsys: pytest.CaptureFixture[str]) -> None:
    [trace] = lake.trace_text(NOWHERE)
    assert (trace.found, trace.spans, trace.claim) == (0, (), CLAIM)
    assert main(["trace", "--lake", lake.url, "--text", NOWHERE]) == 0
    assert f"nothing of at least {trace.least} tokens stands word for word in the" in capsys.readouterr().out
    for empty in ("", " \n"):
        with pytest.raises(ValueError, match="give a text"):
            lake.trace_text(empty)


def test_samples_and_items(
    made: Made,
    lake: LakeReader,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planted = next(str(row["text"]) for row in made.rows().values() if row["length"] > 60 and row["language"] == "zh")
    samples = tmp_path / "samples.jsonl"
    samples.write_text("".join(json.dumps({"prompt": "", "text": text}) + "\n" for text in (planted, NOWHERE)))
    files = {"quiz.json": samples}
    publish_benchmark(made.lake, "quiz", "1", [("one", {"question": NOWHERE, "passage": planted}, {})], files)
    (tmp_path / "plain").write_text(planted)
    command = ["trace", "--lake", lake.url, "--json", "--limit", "1"]
    for options, texts in (
        (["--sample", str(samples)], [planted, NOWHERE]),
        (["--sample", str(tmp_path / "plain")], [planted]),
        (["--sample", "-"], [planted]),
        (["--item", "quiz/one"], [NOWHERE, planted]),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(planted))
        assert main([*command, *options]) == 0
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [answer["text"] for answer in answers] == texts
        assert [answer["found"] > 0 for answer in answers] == [text == planted for text in texts]
        assert all(answer["claim"] == CLAIM and len(answer["spans"]) <= 1 for answer in answers)
    for options, said in (
        (["--item", "quizz/one"], "did you mean quiz?"),
        (["--item", "quiz/on"], "did you mean one?"),
        (["--sample", str(tmp_path / "gone")], "gone"),
    ):
        assert main([*command, *options]) == 1
        assert said in capsys.readouterr().err
    (tmp_path / "wrong.jsonl").write_text('{"txt": 1}\n')
    assert main([*command, "--sample", str(tmp_path / "wrong.jsonl")]) == 1
    assert 'wrong.jsonl:1 is no JSON object with a "text"' in capsys.readouterr().err


def test_the_index_is_made_once_and_only_of_training_tokens(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.lake.root, tmp_path / "lake")
    shutil.rmtree(tmp_path / "lake" / "text_index", ignore_errors=True)
    lake = headwater.open(str(tmp_path / "lake"))
    lake.trace_text(NOWHERE)
    [index] = lake.datasets("text_index")
    [shards] = lake.datasets("shards")
    assert index.inputs.keys() == {f"shards/{shards.partition}"} and index.records_in == index.kept
    tokens = shards.figures["train_tokens"]
    assert index.figures["tokens"] == tokens
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "lake" / "text_index").rglob("*.npy")}
    orders = sum(path.stat().st_size for path in written if path.parent.name == "order")
    assert orders - 128 * len(written) <= 4 * tokens  # beside the shards' own 2 bytes a token
    headwater.open(str(tmp_path / "lake")).trace_text(NOWHERE)
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "lake" / "text_index").rglob("*.npy")}


def test_steps_are_those_whose_batches_hold_the_document(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(graph.lake.root, tmp_path / "lake")  # other tests count what is in the graph's own
    lake = headwater.open(str(tmp_path / "lake"))
    text = lake.read(lake.datasets("split")[0], "train", ["text"])["text"][0].as_py()
    [trace] = lake.trace_text(text)
    [whole] = [span for span in trace.spans if span.tokens > 40][:1]
    readings = [(doc, reading) for doc in whole.documents for at in doc.positions for reading in at.readings]
    assert readings
    for document, reading in readings:
        for step in reading.steps:
            steps = [one for one in lake.trace_step(step) if one.checkpoint == reading.checkpoint]
            read = {found.doc_id for one in steps for some in one.sequences.values() for found in some}
            assert document.doc_id in read
    assert main(["trace", "--lake", str(tmp_path / "lake"), "--text", text, "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert all(
        word in out
        for word in (CLAIM, "checkpoint", "warc.gz from", "of the stream", "1 shown" if trace.found > 1 else "")
    )


def test_a_lake_without_shards(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no training shards"):
        headwater.open(str(tmp_path)).trace_text(NOWHERE)
