"""Every row of FAULTS.md under Evaluate that is about scores."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from random_checkpoints import foreign_checkpoint
from safetensors.torch import load_file, save_file
from scored_checkpoints import CPU, heldout_items, questions, reference, scored
from small_corpus import CONTEXT, Data

from corpus.shards.reader import ShardSet
from training.checkpoints.export import load_tokenizer
from training.evaluation.catalog import TASKS
from training.evaluation.items import load_items
from training.evaluation.kinds import Choice, Completion
from training.evaluation.language_model import LanguageModel
from training.evaluation.score import main as score_command
from training.evaluation.score import score_task, write_score
from training.inference.loading import LoadedModel, load_any, load_baselines
from training.inference.model import TrainedModel
from training.inference.questions import continuation_questions


def to_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


MINE = Choice(name="mine", prompt="{ask}", options="options", answer="label", passage="{ask}")


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


def test_empty_and_over_long_prompts(data: Data, checkpoint: Path, trained: TrainedModel, tmp_path: Path) -> None:
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
    model = TrainedModel(load_model_of(data), load_tokenizer(data.tokenizer))
    found, table = score_task(LoadedModel(model, "0"), MINE, items)
    assert table["value"].to_pylist() == [1, 0, 1] and found["repeated"] == 1 and found["clusters"] == 2
    named = Choice(name="named", item="{id}", options="options")
    with pytest.raises(ValueError, match=r"two items of .* are named 'x'"):
        load_items(named, to_jsonl(path, [{"id": "x", "options": ["a", "b"]}, {"id": "x", "options": ["b", "a"]}]))


def load_model_of(data: Data) -> Any:
    from training.models.qwen3.transformer import Transformer

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
