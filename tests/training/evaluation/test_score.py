from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from random_checkpoints import foreign_checkpoint
from safetensors.torch import load_file, save_file
from small_corpus import CONTEXT, Data, doc_id, newest, run

from corpus.shards.reader import ShardSet
from training.checkpoints.export import load_tokenizer
from training.evaluation.catalog import TASKS
from training.evaluation.items import load_items
from training.evaluation.kinds import Choice, Completion
from training.evaluation.language_model import LanguageModel
from training.evaluation.score import main as score_command
from training.evaluation.score import score_task, write_score
from training.evaluation.task import Task
from training.inference.batches import build_batches
from training.inference.loading import LoadedModel, load_any, load_baselines
from training.inference.model import TransformerModel
from training.inference.questions import Question, continuation_questions, split_into_windows
from training.run.outdir import Outdir
from training.significance import results

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert data.trainer(Outdir(out), tokens=60 * 128, learning_rate=2e-2).run() == 0
    return newest(out)


@pytest.fixture(scope="module")
def trained(checkpoint: Path) -> TransformerModel:
    model = load_any(checkpoint, CPU).model
    assert isinstance(model, TransformerModel)
    return model


def reference(model: TransformerModel, question: Question) -> tuple[list[float], bool]:
    """One token at a time, each window read from its beginning: what is asked, and whether it was always likeliest."""
    likelihoods, greedy = [], True
    for window in split_into_windows(question, CONTEXT):
        for place in range(window.start, window.stop):
            with torch.no_grad():
                logits = model.model.logits(torch.tensor([question.tokens[window.begin : place]]))[0, -1]
            likelihoods.append(float(logits.log_softmax(-1)[question.tokens[place]]))
            greedy &= int(logits.argmax()) == question.tokens[place]
    return likelihoods, greedy


def choices(data: Data) -> list[tuple[str, str]]:
    """Items of one to five choices with contexts from nothing to far beyond what the model reads."""
    draw, text = random.Random(0), data.heldout_texts[0]
    pairs = []
    for _ in range(24):
        begin, size = draw.randrange(2000), draw.choice([0, 1, 20, 40, 60, 400])
        longest = draw.choice([3, 12, 150])
        for _ in range(draw.randint(1, 5)):
            end = draw.randrange(2000)
            pairs.append((text[begin : begin + size], " " + text[end : end + draw.randint(1, longest)]))
    return pairs


@pytest.mark.parametrize("size", [1, 8, 32, None])
def test_choices_that_share_a_row_score_as_each_read_alone(
    data: Data, trained: TransformerModel, size: int | None
) -> None:
    questions = continuation_questions(choices(data), trained.encode, trained.prefix)
    totals, greedy = LanguageModel(trained, size)._score(questions)
    for question, total, hit in zip(questions, totals, greedy, strict=True):
        likelihoods, wanted = reference(trained, question)
        assert total == pytest.approx(sum(likelihoods), abs=1e-4)
        assert hit == wanted
    found = list(build_batches(questions, CONTEXT, size, branches=True))
    assert any(batch.branched for batch in found) == (size != 1)
    assert all(len({tuple(piece.tokens) for piece in batch.pieces}) <= (size or 1000) for batch in found)


def test_each_asked_token_is_asked_once_however_batches_fall(data: Data, trained: TransformerModel) -> None:
    questions = continuation_questions(choices(data), trained.encode, trained.prefix)
    for size, trees in ((1, True), (7, False), (None, True)):
        pieces = [piece for batch in build_batches(questions, CONTEXT, size, branches=trees) for piece in batch.pieces]
        found: dict[int, list[int]] = {}
        for piece in sorted(pieces, key=lambda piece: piece.window):
            found.setdefault(piece.question, []).extend(piece.targets)
        assert [found[n] for n in range(len(questions))] == [q.tokens[q.start :] for q in questions]


@pytest.mark.parametrize("length", [2, 8, 9, 10, 13, 50])
@pytest.mark.parametrize("start", [1, 5, 9, 12])
def test_windows_ask_each_token_once_and_read_no_more_than_a_context(start: int, length: int) -> None:
    found = list(split_into_windows(Question(list(range(length)), start), 8))
    assert [place for window in found for place in range(window.start, window.stop)] == list(range(start, length))
    assert all(0 < window.stop - 1 - window.begin <= 8 and window.begin < window.start for window in found)


def test_context_and_continuation_are_cut_at_the_white_space(data: Data, trained: TransformerModel) -> None:
    one, two = continuation_questions(
        [("return the value", " of"), ("return the value ", "of")], trained.encode, trained.prefix
    )
    assert one == two and trained.decode(one.tokens[one.start :]) == " of"
    (empty,) = continuation_questions([("", "of")], trained.encode, trained.prefix)
    assert empty.tokens[0] == data.eos and empty.start == 1
    (white,) = continuation_questions([(" \n", "of")], trained.encode, trained.prefix)
    assert trained.decode(white.tokens[white.start :]) == " \nof"


# tasks on items ----------------------------------------------------------------------------------------------------


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


def test_bits_per_byte_is_nats_over_bytes(
    data: Data, checkpoint: Path, trained: TransformerModel, tmp_path: Path
) -> None:
    path = heldout_items(data, "bits_per_byte", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["bits_per_byte"], path)
    rows = pq.read_table(path).to_pylist()
    tokens = [trained.encode([row["text"]], True)[0] for row in rows]
    nats = [-sum(reference(trained, Question([data.eos, *ids], 1))[0]) for ids in tokens]
    size = sum(len(row["text"].encode()) for row in rows)
    assert found["score"]["value"] == pytest.approx(sum(nats) / math.log(2) / size, rel=1e-5)
    assert found["score"]["low"] < found["score"]["value"] < found["score"]["high"]
    counts = np.bincount(ShardSet(data.shards).tokens(0, len(ShardSet(data.shards))), minlength=512) + 1
    shares = counts / counts.sum()
    every = [token for ids in tokens for token in ids]
    unigram, untrained = found["beside"]["unigram"]["value"], found["beside"]["untrained"]["value"]
    assert unigram == pytest.approx(-np.log2(shares[every]).sum() / size)
    assert untrained == pytest.approx(len(every) * 9 / size, rel=0.02)
    assert found["score"]["value"] < unigram < untrained
    assert [-value[0] for value in table["log_likelihoods"].to_pylist()] == pytest.approx(nats, abs=1e-3)


def test_last_word_wants_every_token_to_be_the_likeliest(
    data: Data, checkpoint: Path, trained: TransformerModel, tmp_path: Path
) -> None:
    path = heldout_items(data, "last_word", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["last_word"], path)
    rows = pq.read_table(path).to_pylist()
    pairs = [(row["context"], row["target"]) for row in rows]
    wanted = [
        reference(trained, question)[1] for question in continuation_questions(pairs, trained.encode, trained.prefix)
    ]
    assert table["value"].to_pylist() == wanted and found["score"]["value"] == sum(wanted) / len(wanted)
    assert found["chance"] is None and found["clusters"] == len(rows) // 2


def test_continuation_takes_the_likeliest_ending_a_byte(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = heldout_items(data, "continuation", tmp_path / "items.parquet")
    found, table = scored(data, checkpoint, TASKS["continuation"], path)
    for row, kept in zip(pq.read_table(path).to_pylist(), table.to_pylist(), strict=True):
        rates = [
            total / len(ending.encode()) for total, ending in zip(kept["log_likelihoods"], row["endings"], strict=True)
        ]
        assert kept["value"] == kept["acc_bytes"] == (rates[1] > rates[0]) and kept["gold"] == 1
        assert kept["bytes"] == [len(ending.encode()) for ending in row["endings"]]
    assert found["chance"] == 0.5 and found["n"] == table.num_rows


def test_the_command_writes_the_same_bytes_again(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    path = heldout_items(data, "bits_per_byte", tmp_path / "items.parquet")
    write_score(tmp_path / "one", *scored(data, checkpoint, TASKS["bits_per_byte"], path))
    flags = ["--checkpoint", checkpoint, "--task", "bits_per_byte", "--data", path, "--out", tmp_path / "two"]
    flags += ["--shards", data.shards, "--threads", torch.get_num_threads()]
    done = run([sys.executable, "-m", "training.evaluation.score", *map(str, flags)])
    assert done.returncode == 0 and "unigram" in done.stdout, done.stderr
    for name in ("score.json", "items.parquet"):
        one, two = ((tmp_path / side / "bits_per_byte" / name).read_bytes() for side in ("one", "two"))
        assert one == two


# faults ------------------------------------------------------------------------------------------------------------


def to_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


MINE = Choice(name="mine", prompt="{ask}", options="options", answer="label", passage="{ask}")


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


@pytest.mark.parametrize("task", ["mine", "last_word", "bits_per_byte"])
def test_batch_size_device_order(data: Data, checkpoint: Path, tmp_path: Path, task: str) -> None:
    """Whatever the batch and the order of the items: log-likelihoods within 1e-4 nats, and the same accuracy."""
    rows = questions(data, 40)
    if task == "mine":
        path = to_jsonl(tmp_path / "items.jsonl", rows)
        turned = to_jsonl(tmp_path / "turned.jsonl", rows[::-1])
    else:
        path = turned = heldout_items(data, task, tmp_path / "items.parquet")
    chosen = MINE if task == "mine" else TASKS[task]
    alone = scored(data, checkpoint, chosen, path, size=1)
    kept = {row["item_id"]: row for row in alone.items.to_pylist()}
    for size, items in ((8, path), (32, path), (None, path), (8, turned)):
        found = scored(data, checkpoint, chosen, items, size=size)
        assert set(found.items["item_id"].to_pylist()) == set(kept)
        for row in found.items.to_pylist():
            assert row["log_likelihoods"] == pytest.approx(kept[row["item_id"]]["log_likelihoods"], abs=1e-4)
            assert row["prompt_hash"] == kept[row["item_id"]]["prompt_hash"]
        if task == "bits_per_byte":
            assert found.score["score"]["value"] == pytest.approx(alone.score["score"]["value"], rel=1e-6)
        else:
            assert found.score["metrics"] == alone.score["metrics"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ask": "a", "options": [], "label": 0}, "at least a character"),
        ({"ask": "a", "options": ["b", ""], "label": 0}, "at least a character"),
        ({"ask": "a", "options": ["b", "c"], "label": 2}, "the answer 2 is none of 0 to 1"),
        ({"ask": "a", "options": ["b"], "label": 0}, "between two at least"),
        ({"ask": "a", "options": "bc", "label": 0}, "'bc', which is no list"),
        ({"ask": "a", "options": ["b", "c"], "label": 1.7}, "the answer 1.7 is none of 0 to 1"),
        ({"ask": "a", "options": ["b", "c"], "label": "B"}, "the answer 'B' is none of 0 to 1"),
        ({"ask": None, "options": ["b", "c"], "label": 0}, "'ask', which is null"),
        ({"ask": "a", "label": 0}, "options"),
        ({"options": ["b", "c"], "label": 0}, "ask"),
    ],
)
def test_empty_prompt_or_answer_that_is_none(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    good = {"ask": "a", "options": ["b", "c"], "label": 0}
    with pytest.raises(ValueError, match=f"row 2 of .*items.jsonl cannot be asked.*{message}"):
        load_items(MINE, to_jsonl(tmp_path / "items.jsonl", [good, row]))


def test_empty_and_over_long_prompts(data: Data, checkpoint: Path, trained: TransformerModel, tmp_path: Path) -> None:
    """An empty prompt stands behind eos; of one that is too long the end is read; an answer longer than the context is
    asked in windows. What was cut is counted."""
    text = data.heldout_texts[0]
    rows = [
        {"ask": "", "options": [" the", " value"], "label": 0},
        {"ask": text[:2000], "options": [" the", " value"], "label": 1},
        {"ask": "def", "options": [text[:900], text[900:1200]], "label": 0},
    ]
    found, table = scored(data, checkpoint, MINE, to_jsonl(tmp_path / "items.jsonl", rows))
    assert found["cut"] == 4
    for row, kept in zip(rows, table.to_pylist(), strict=True):
        pairs = [(row["ask"], " " + option) for option in row["options"]]
        wanted = [
            sum(reference(trained, question)[0])
            for question in continuation_questions(pairs, trained.encode, trained.prefix)
        ]
        assert kept["log_likelihoods"] == pytest.approx(wanted, abs=1e-3)


def test_no_items(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(ValueError, match=r"no items in .*empty.jsonl"):
        load_items(MINE, tmp_path / "empty.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no file \*.jsonl there, which mine reads"):
        load_items(MINE, tmp_path / "folder")


def test_duplicate_items_and_ties(data: Data, tmp_path: Path) -> None:
    """An item that comes again is asked again, told, and no evidence of its own; of equals the first is taken."""
    same = {"ask": "a", "options": ["b", "b"], "label": 0}
    other = {"ask": "c", "options": ["b", "b"], "label": 1}
    path = to_jsonl(tmp_path / "items.jsonl", [same, other, same])
    items = load_items(MINE, path)
    assert items.repeated == 1 and len({doc["item_id"] for doc in items.docs}) == 3
    assert items.docs[0]["cluster"] == items.docs[2]["cluster"] != items.docs[1]["cluster"]
    model = TransformerModel(load_model_of(data), load_tokenizer(data.tokenizer))
    found, table = score_task(LoadedModel(model, "0"), MINE, items)
    assert table["value"].to_pylist() == [1, 0, 1] and found["repeated"] == 1 and found["clusters"] == 2
    named = Choice(name="named", item="{id}", options="options")
    with pytest.raises(ValueError, match=r"two items of .* are named 'x'"):
        load_items(named, to_jsonl(path, [{"id": "x", "options": ["a", "b"]}, {"id": "x", "options": ["b", "a"]}]))


def load_model_of(data: Data) -> Any:
    from training.models.transformer import Transformer

    return Transformer(data.model(), seed=3)


def test_benchmark_file_changed(
    data: Data, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A score of another file, or of another prompt, does not take the place of the one that was there."""
    rows = questions(data, 4)
    path = to_jsonl(tmp_path / "items.jsonl", rows)
    write_score(tmp_path / "out", *scored(data, checkpoint, MINE, path))
    before = (tmp_path / "out" / "mine" / "score.json").read_bytes()
    write_score(tmp_path / "out", *scored(data, checkpoint, MINE, path))
    other = Choice(name="mine", prompt="{ask}?", options="options", answer="label")
    with pytest.raises(ValueError, match="holds a score of task definition"):
        write_score(tmp_path / "out", *scored(data, checkpoint, other, path))
    to_jsonl(path, [{**rows[0], "label": (rows[0]["label"] + 1) % 4}, *rows[1:]])
    with pytest.raises(ValueError, match=r"holds a score of data .*give another --out"):
        write_score(tmp_path / "out", *scored(data, checkpoint, MINE, path))
    own = tmp_path / "mine.py"
    own.write_text("from training.evaluation.kinds import Choice\n\nmine = Choice(name='mine', options='options')\n")
    flags = ["--task", str(own), "--data", str(path), "--out", str(tmp_path / "out"), "--checkpoint", "none"]
    assert score_command(flags) == 1
    assert "give another --out" in capsys.readouterr().err  # before a checkpoint is looked for
    assert (tmp_path / "out" / "mine" / "score.json").read_bytes() == before


def test_a_checkpoint_from_elsewhere(data: Data, checkpoint: Path, tmp_path: Path) -> None:
    """Weights that could execute code when read are refused, as is code that a folder brings."""
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_bytes((checkpoint / "config.json").read_bytes())
    (pickled / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch /nothing'\ntR.")
    with pytest.raises(ValueError, match=r"holds no \*.safetensors"):
        load_any(pickled, CPU)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (foreign / name).write_bytes((checkpoint / name).read_bytes())
    brought = {"model_type": "brought", "auto_map": {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}}
    (foreign / "config.json").write_text(json.dumps(brought))
    (foreign / "code.py").write_text("raise SystemExit('executed')")
    with pytest.raises(ValueError, match=r"trust_remote_code|brought"):
        load_any(foreign, CPU)
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        load_any(tmp_path / "nowhere", CPU)


def test_a_foreign_checkpoint_that_is_short_or_damaged(data: Data, tmp_path: Path) -> None:
    """GPT-2 has no place for a token beyond its context; weights that lack are never made up."""
    foreign_checkpoint(data, tmp_path, CONTEXT, "gpt2")
    loaded = load_any(tmp_path, CPU)
    asker = LanguageModel(loaded.model)
    assert isinstance(asker._generate([[5] * 100], {"max_gen_toks": 256})[0], str) and asker.truncated == 1
    words = to_jsonl(tmp_path / "words.jsonl", [{"ask": "a", "then": " b" * 2000}])
    task = Completion(name="words", prompt="{ask}", target="{then}")
    found, _ = score_task(loaded, task, load_items(task, words))
    assert found["figures"] == {}  # e^thousands
    weights = tmp_path / "model.safetensors"
    kept = load_file(weights)
    save_file({name: weight * math.nan for name, weight in kept.items()}, weights, {"format": "pt"})
    with pytest.raises(ValueError, match=r"words: item .* is NaN"):
        score_task(load_any(tmp_path, CPU), task, load_items(task, words))
    name = "transformer.ln_f.weight"
    save_file({other: weight for other, weight in kept.items() if other != name}, weights, {"format": "pt"})
    with pytest.raises(ValueError, match=rf"lacks the weights {name}"):
        load_any(tmp_path, CPU)
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match="the weights are damaged"):
        load_any(tmp_path, CPU)


def test_a_continuation_without_a_token_is_refused() -> None:
    """Nothing is the likeliest of all."""
    for context in ("", "a"):
        with pytest.raises(ValueError, match="no token of 'b'"):
            continuation_questions([(context, "b")], lambda texts, special: [[1] * (text != "b") for text in texts], 0)


def test_a_checkpoint_and_the_shards_of_another(data: Data, checkpoint: Path) -> None:
    own, other = ShardSet(data.shards), ShardSet(data.heldout)
    with pytest.raises(ValueError, match=f"shards {own.fingerprint}.*{other.fingerprint}"):
        load_baselines(checkpoint, other, CPU)
