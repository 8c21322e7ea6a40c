"""Checkpoints and tasks that tests of scores share."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from small_corpus import CONTEXT, Data, doc_id, newest

from corpus.shards.reader import ShardSet
from training.evaluation.items import load_items
from training.evaluation.score import score_task
from training.evaluation.task import Task
from training.inference.loading import load_any, load_baselines
from training.inference.model import TrainedModel
from training.inference.questions import Question, split_into_windows
from training.run.outdir import Outdir
from training.significance import results

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert data.trainer(Outdir(out), tokens=60 * 128, learning_rate=2e-2).run() == 0
    return newest(out)


@pytest.fixture(scope="module")
def trained(checkpoint: Path) -> TrainedModel:
    model = load_any(checkpoint, CPU).model
    assert isinstance(model, TrainedModel)
    return model


def reference(model: TrainedModel, question: Question) -> tuple[list[float], bool]:
    """One token at a time, each window read from its beginning: what is asked, and whether it was always likeliest."""
    likelihoods, greedy = [], True
    for window in split_into_windows(question, CONTEXT):
        for place in range(window.start, window.stop):
            with torch.no_grad():
                logits = model.model.logits(torch.tensor([question.tokens[window.begin : place]]))[0, -1]
            likelihoods.append(float(logits.log_softmax(-1)[question.tokens[place]]))
            greedy &= int(logits.argmax()) == question.tokens[place]
    return likelihoods, greedy


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    types = {"doc_id": pa.binary(16), "answer": pa.int32(), "endings": pa.list_(pa.string())}
    names = rows[0] if rows else {"doc_id": b"", "text": ""}
    pq.write_table(
        pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in names}), path
    )
    return path


def heldout_items(data: Data, task: str, path: Path) -> Path:
    """Some items of each task from the held-out texts."""
    texts = [text[start : start + 300] for text in data.heldout_texts for start in range(0, 3000, 300)]
    if task == "bits_per_byte":
        return write(path, [{"doc_id": doc_id(n), "text": text} for n, text in enumerate(texts)])
    rows: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        words = text.split(" ")
        context, last = " ".join(words[:4]), " " + words[4]
        row = {"item_id": f"{number:04d}", "doc_id": doc_id(number // 2), "context": context}
        wrong = " " + texts[number - 1].split(" ")[4]
        rows.append(row | ({"target": last} if task == "last_word" else {"endings": [wrong, last + " é"], "answer": 1}))
    return write(path, rows)


def scored(data: Data, checkpoint: Path, task: Task, path: Path, size: int | None = None) -> results.Results:
    beside = load_baselines(checkpoint, ShardSet(data.shards), CPU)
    return results.Results(*score_task(load_any(checkpoint, CPU), task, load_items(task, path), size, beside))


def questions(data: Data, count: int) -> list[dict[str, Any]]:
    draw, words = random.Random(1), data.heldout_texts[0].split()
    return [
        {
            "ask": " ".join(words[n : n + draw.randint(1, 60)]),
            "options": [" ".join(draw.sample(words, draw.randint(1, 6))) for _ in range(4)],
            "label": draw.randrange(4),
        }
        for n in range(count)
    ]
