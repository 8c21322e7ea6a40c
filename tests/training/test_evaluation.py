from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from training.encoding import Question
from training.evaluate import run as evaluate
from training.scoring import score, windows
from training.tasks import TASKS

from corpus.shard_set import ShardSet
from tests.training.small_corpus import CONTEXT, Data, doc_id, newest, run
from training import encoding
from training.export import load_model, load_tokenizer
from training.outdir import Outdir
from training.transformer import Transformer


@pytest.fixture(scope="module")
def checkpoint(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert data.trainer(Outdir(out), tokens=60 * 128, learning_rate=2e-2).run() == 0
    return newest(out)


def reference(model: Transformer, question: Question) -> list[float]:
    """One token at a time: the first T targets from the beginning, then blocks of T/2 read with what fits before."""
    likelihoods = []
    for place in range(question.start, len(question.tokens)):
        begin, first = 0, max(CONTEXT + 1, question.start + CONTEXT // 2)
        if place >= first:
            block = (place - first) // (CONTEXT // 2)
            begin = min(len(question.tokens), first + (block + 1) * (CONTEXT // 2)) - 1 - CONTEXT
        elif first > CONTEXT + 1:
            begin = max(0, min(len(question.tokens), first) - 1 - CONTEXT)
        with torch.no_grad():
            logits = model.logits(torch.tensor([question.tokens[begin:place]]))[0, -1]
        likelihoods.append(float(logits.log_softmax(-1)[question.tokens[place]]))
    return likelihoods


def test_batched_scores_equal_a_slow_reference(data: Data, checkpoint: Path) -> None:
    model, tokenizer = load_model(checkpoint), load_tokenizer(data.tokenizer)
    text = data.heldout_texts[0]
    questions = [encoding.document(tokenizer, data.eos, text[:size]) for size in (3, 40, 200, 600)]
    questions += [
        encoding.completion(tokenizer, data.eos, text[:size], text[size : size + more])
        for size, more in ((5, 9), (90, 12), (300, 7), (150, 200))
    ]
    for question, found in zip(questions, score(model, questions), strict=True):
        assert found.likelihoods.tolist() == pytest.approx(reference(model, question), abs=1e-4)
        assert len(found.best) == len(question.asked)
    for one, two in zip(score(model, questions), score(model, questions, tokens_at_once=1), strict=True):
        assert np.allclose(one.likelihoods, two.likelihoods, atol=1e-4)
        assert np.array_equal(one.best, two.best)


@pytest.mark.parametrize("length", [2, 8, 9, 10, 13, 14, 50])
@pytest.mark.parametrize("start", [1, 5, 9, 12])
def test_windows_score_each_token_once_with_half_a_context_before_it(start: int, length: int) -> None:
    found = list(windows(0, start, length, 8))
    assert [place for window in found for place in range(window.start, window.stop)] == list(range(start, length))
    for window in found:
        assert window.length <= 8 and window.begin < window.start
        assert window.begin == 0 or window.start - window.begin > 4


def test_context_and_target_are_cut_at_the_white_space(data: Data) -> None:
    tokenizer = load_tokenizer(data.tokenizer)
    one = encoding.completion(tokenizer, data.eos, "return the value", " of")
    two = encoding.completion(tokenizer, data.eos, "return the value ", "of")
    assert one == two and not one.split
    assert tokenizer.decode(one.asked) == " of" and one.tokens[0] == data.eos
    assert encoding.completion(tokenizer, data.eos, "retu", "rn").split
    assert encoding.completion(tokenizer, data.eos, "", "of").start == 1
    with pytest.raises(ValueError, match="nothing follows"):
        encoding.completion(tokenizer, data.eos, "return the value", "")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    types = {"doc_id": pa.binary(16), "answer": pa.int32(), "endings": pa.list_(pa.string())}
    names = rows[0] if rows else {"doc_id": b"", "text": ""}
    pq.write_table(
        pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in names}), path
    )
    return path


def items(data: Data, task: str, path: Path) -> Path:
    """Some items of each task from the held-out texts."""
    texts = [text[start : start + 300] for text in data.heldout_texts for start in range(0, 3000, 300)]
    if task == "bits_per_byte":
        return write(path, [{"doc_id": doc_id(n), "text": text} for n, text in enumerate(texts)])
    rows: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        words = text.split(" ")
        context, last = " ".join(words[:4]), " " + words[4]
        row = {"item_id": f"{number:04d}", "doc_id": doc_id(number), "context": context}
        wrong = " " + texts[number - 1].split(" ")[4]
        rows.append(row | ({"target": last} if task == "last_word" else {"endings": [wrong, last + " é"], "answer": 1}))
    return write(path, rows)


def test_bits_per_byte_is_nats_over_bytes(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = items(data, "bits_per_byte", tmp_path / "items.parquet")
    result = evaluate(checkpoint, TASKS["bits_per_byte"], [path], ShardSet(data.shards), tmp_path / "out")
    model, tokenizer = load_model(checkpoint), load_tokenizer(data.tokenizer)
    rows = pq.read_table(path).to_pylist()
    nats = [-sum(reference(model, encoding.document(tokenizer, data.eos, row["text"]))) for row in rows]
    size = sum(len(row["text"].encode()) for row in rows)
    assert result["score"]["value"] == pytest.approx(sum(nats) / math.log(2) / size, rel=1e-5)
    assert result["score"]["low"] < result["score"]["value"] < result["score"]["high"]
    counts = np.bincount(ShardSet(data.shards).tokens(0, len(ShardSet(data.shards))), minlength=512) + 1
    shares = counts / counts.sum()
    ids = [token for row in rows for token in tokenizer.encode(row["text"]).ids]
    assert result["unigram"]["value"] == pytest.approx(-np.log2(shares[ids]).sum() / size)
    assert result["untrained"]["value"] == pytest.approx(len(ids) * 9 / size, rel=0.02)
    assert result["score"]["value"] < result["unigram"]["value"] < result["untrained"]["value"]
    kept = pq.read_table(tmp_path / "out" / "items.parquet")
    assert kept.column_names == ["doc_id", *(f"{who}_log_likelihood" for who in ("model", "untrained", "unigram"))]
    assert (-np.array(kept["model_log_likelihood"])).tolist() == pytest.approx(nats, abs=1e-3)


def test_last_word_wants_every_token_to_be_the_likeliest(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = items(data, "last_word", tmp_path / "items.parquet")
    result = evaluate(checkpoint, TASKS["last_word"], [path], ShardSet(data.shards), tmp_path / "out")
    model, tokenizer = load_model(checkpoint), load_tokenizer(data.tokenizer)
    wanted = []
    for row in pq.read_table(path).to_pylist():
        asked, hits = encoding.completion(tokenizer, data.eos, row["context"], row["target"]), []
        for window in windows(0, asked.start, len(asked.tokens), CONTEXT):
            for place in range(window.start, window.stop):
                with torch.no_grad():
                    scores = model.logits(torch.tensor([asked.tokens[window.begin : place]]))[0, -1]
                hits.append(int(scores.argmax()) == asked.tokens[place])
        wanted.append(all(hits))
    kept = pq.read_table(tmp_path / "out" / "items.parquet")
    assert kept["model_correct"].to_pylist() == wanted
    assert result["score"]["value"] == sum(wanted) / len(wanted) and result["chance"] is None


def test_continuation_takes_the_likeliest_ending_a_byte(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = items(data, "continuation", tmp_path / "items.parquet")
    result = evaluate(checkpoint, TASKS["continuation"], [path], ShardSet(data.shards), tmp_path / "out")
    rows, kept = pq.read_table(path).to_pylist(), pq.read_table(tmp_path / "out" / "items.parquet").to_pylist()
    for row, found in zip(rows, kept, strict=True):
        for who in ("model", "untrained", "unigram"):
            rates = [
                total / len(ending.encode())
                for total, ending in zip(found[f"{who}_log_likelihood"], row["endings"], strict=True)
            ]
            assert found[f"{who}_correct"] == (rates[1] > rates[0])
    assert result["chance"] == 0.5 and result["n"] == len(rows)


@pytest.mark.parametrize("task", list(TASKS))
def test_the_command_writes_the_same_bytes_again(data: Data, checkpoint: Path, tmp_path: Path, task: str) -> None:
    path = items(data, task, tmp_path / "items.parquet")
    outs = [tmp_path / name for name in ("one", "two")]
    evaluate(checkpoint, TASKS[task], [path], ShardSet(data.shards), outs[0])
    if task == "bits_per_byte":  # the others by the same path, in less time
        flags = ("--checkpoint", checkpoint, "--task", task, "--items", path, "--shards", data.shards, "--out", outs[1])
        done = run(
            [sys.executable, "-m", "training.evaluate", *map(str, flags), "--threads", str(torch.get_num_threads())]
        )
        assert done.returncode == 0 and "unigram" in done.stdout, done.stderr
    else:
        evaluate(checkpoint, TASKS[task], [path], ShardSet(data.shards), outs[1])
    for name in ("score.json", "items.parquet"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()
    result = json.loads((outs[0] / "score.json").read_bytes())
    assert {"task", "metric", "higher_is_better", "n", "score", "untrained", "unigram", "chance"} <= set(result)
    pq.read_table(outs[0] / "items.parquet", page_checksum_verification=True)


def test_refusals(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    task, shards = TASKS["bits_per_byte"], ShardSet(data.shards)
    with pytest.raises(ValueError, match="no items in"):
        evaluate(checkpoint, task, [write(tmp_path / "empty.parquet", [])], shards, tmp_path / "out")
    path = items(data, "bits_per_byte", tmp_path / "items.parquet")
    with pytest.raises(ValueError, match="comes twice"):
        evaluate(checkpoint, task, [path, path], shards, tmp_path / "out")
    with pytest.raises(ValueError, match="has no column item_id, context, target"):
        evaluate(checkpoint, TASKS["last_word"], [path], shards, tmp_path / "out")
    other = ShardSet(data.heldout)
    with pytest.raises(ValueError, match=f"shards {shards.fingerprint}.*{other.fingerprint}"):
        evaluate(checkpoint, task, [path], other, tmp_path / "out")
    assert not (tmp_path / "out").exists()
