"""A run that begins with the weights of another: as it ended, with another vocabulary, in part, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from small_corpus import CONTEXT, VOCABULARY, Data, metrics, newest, run
from tokenizers import Tokenizer
from torch import Tensor

from training.checkpoints.export import layout_files
from training.checkpoints.start import Start, open_start
from training.models.families import FAMILIES
from training.presets import make_plan
from training.run.outdir import Outdir
from training.run.trainer import Trainer
from training.run.transfer import take_weights
from training.shape import Shape, Size

SIZE = Size(layers=2, width=32, heads=4, kv_heads=2, head_width=8, feed_forward=64, context=CONTEXT)


@pytest.fixture(scope="module")
def out(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    assert data.trainer(Outdir(folder)).run() == 0
    return folder


def begin(data: Data, out: Path, start: Start, family: str | None = None, **changes: Any) -> Trainer:
    """A run from a start, in its shape."""
    given = {"context": changes["context"]} if "context" in changes else {}
    model, plan = make_plan("tiny", data.vocabulary, data.eos, None, given, family, start.model)
    return data.trainer(Outdir(out), model=model, start=start, objective=plan.objective, **changes)


def heldout_losses(out: Path) -> list[float]:
    return [line["heldout_loss"] for line in metrics(out) if "heldout_loss" in line]


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def write_model(folder: Path, family: str, tokenizer: Path, vocabulary: int, context: int = CONTEXT) -> Start:
    """A folder in the layout of Hugging Face, of a small model with random weights."""
    config = FAMILIES[family].of_size(Size(**{**vars(SIZE), "context": context}), vocabulary, 0)
    folder.mkdir()
    for name, content in layout_files(config, tokenizer.read_bytes()).items():
        (folder / name).write_bytes(content)
    save_file(config.build(seed=7).state_dict(), folder / "model.safetensors", {"format": "pt"})
    return open_start(str(folder))


def taken(start: Start, tokenizer: bytes, vocabulary: int, family: str = "", context: int = CONTEXT) -> Any:
    """A model that has taken what it can of a start, with what it said."""
    kind = FAMILIES[family or start.model.model_type]
    config = kind.in_shape_of(start.model, vocab_size=vocabulary, eos_token_id=0, context=context)
    model = config.build(seed=1)
    return model, "\n".join(take_weights(start, model, tokenizer))


def test_the_first_loss_is_that_with_which_the_other_run_ended(out: Path, data: Data, tmp_path: Path) -> None:
    assert begin(data, tmp_path, open_start(str(out)), seed=9).run() == 0
    assert heldout_losses(tmp_path)[0] == heldout_losses(out)[-1]
    assert heldout_losses(tmp_path)[-1] < heldout_losses(out)[-1]


def test_a_run_from_a_start_is_the_same_twice_and_after_a_stop(
    out: Path, data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = open_start(str(out))
    assert begin(data, tmp_path / "whole", start).run() == 0
    stopped = begin(data, tmp_path / "stopped", start)
    train = stopped._train_step

    def once(*arguments: Any) -> None:
        train(*arguments)
        stopped._terminated = stopped.step == 5

    monkeypatch.setattr(stopped, "_train_step", once)
    assert stopped.run() != 0 and stopped.step == 5
    monkeypatch.setattr("training.run.trainer.take_weights", None)  # the weights of the start are not read again
    assert begin(data, tmp_path / "stopped", start).run() == 0
    one, two = (newest(tmp_path / name) / "manifest.json" for name in ("whole", "stopped"))
    assert one.read_bytes() == two.read_bytes()


def test_another_start_is_refused_when_a_run_goes_on(out: Path, data: Data, tmp_path: Path) -> None:
    start = open_start(str(out))
    assert begin(data, tmp_path / "run", start).run() == 0
    assert json.loads((newest(tmp_path / "run") / "state.json").read_bytes())["run"]["start"] == start.digest
    other = open_start(str(out / "checkpoints" / "step-00000005"))
    with pytest.raises(ValueError, match=f"start: saved '{start.digest}', now '{other.digest}'.*another --out"):
        begin(data, tmp_path / "run", other).run()
    with pytest.raises(ValueError, match=f"start: saved '{start.digest}', now None"):
        data.trainer(Outdir(tmp_path / "run")).run()


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_ranks_begin_as_one_does(out: Path, data: Data, tmp_path: Path, parallel: str) -> None:
    flags = ("--from", str(out), "--freeze", "1", "--parallel", parallel)
    done = run(data.command(tmp_path, *flags, "--tokens", str(4 * 4 * CONTEXT), "--eval-sequences", "8", ranks=2))
    assert done.returncode == 0, done.stderr
    assert f"starting from the weights of {newest(out)}" in done.stderr
    assert heldout_losses(tmp_path)[0] == pytest.approx(heldout_losses(out)[-1], rel=1e-5)
    before, after = weights(newest(out)), weights(newest(tmp_path))
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed == {"model.norm.weight", *(name for name in after if ".layers.1." in name)}


def test_a_folder_of_transformers_is_a_start(data: Data, tmp_path: Path) -> None:
    exported = FAMILIES["bert"].of_size(SIZE, VOCABULARY, 0).exported()
    torch.manual_seed(0)
    theirs = transformers.BertForPreTraining(transformers.BertConfig(**exported)).eval()
    theirs.save_pretrained(tmp_path)
    start = open_start(str(tmp_path))
    model, said = taken(start, data.tokenizer.read_bytes(), VOCABULARY)
    tokens = torch.arange(CONTEXT)[None]
    torch.testing.assert_close(model.eval().logits(tokens), theirs(tokens).prediction_logits, atol=1e-4, rtol=1e-4)
    assert "in the start, and left out: bert.pooler.dense.bias, bert.pooler.dense.weight" in said
    assert "cls.seq_relationship.weight" in said and "drawn as in a new model" not in said


@pytest.mark.parametrize(("before", "after"), [(384, 512), (512, 384)])
def test_tokens_keep_their_rows_by_their_text(
    before: int, after: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new = (Data(tmp_path_factory.mktemp("corpus"), size) for size in (before, after))
    start = write_model(tmp_path / "start", "bert", old.tokenizer, before)
    model, said = taken(start, new.tokenizer.read_bytes(), after)
    stored = weights(start.folder)
    ids: tuple[Mapping[str, int], ...]
    ids = tuple(Tokenizer.from_file(str(one.tokenizer)).get_vocab() for one in (old, new))
    shared = sorted(ids[0].keys() & ids[1].keys())
    for name, value in model.state_dict().items():
        if name in ("bert.embeddings.word_embeddings.weight", "cls.predictions.bias"):
            assert torch.equal(
                value[[ids[1][text] for text in shared]], stored[name][[ids[0][text] for text in shared]]
            )
            added = value[[number for text, number in ids[1].items() if text not in ids[0]]]
            torch.testing.assert_close(added, stored[name].mean(0).expand_as(added))
        else:
            assert torch.equal(value, stored[name])
    assert f"tokens: {len(shared)} of {after} are in the start; {after - len(shared)} begin as the mean" in said


def test_an_objective_with_a_token_of_its_own_adds_a_row(out: Path, data: Data, tmp_path: Path) -> None:
    """The decoder goes on to learn masked tokens too."""
    start = open_start(str(out))
    trainer = begin(data, tmp_path, start, family="gpt_bert")
    assert trainer.run() == 0
    table = weights(newest(tmp_path))["model.embed_tokens.weight"]
    assert table.shape == (VOCABULARY + 1, 32)


@pytest.mark.parametrize(("family", "rows"), [("bert", 0), ("roberta", 1), ("gpt2", 0), ("bart", 2), ("qwen3", 0)])
def test_another_context_keeps_the_positions_that_both_have(family: str, rows: int, data: Data, tmp_path: Path) -> None:
    tokenizer = data.tokenizer.read_bytes()
    start = write_model(tmp_path / "start", family, data.tokenizer, VOCABULARY)
    stored = weights(start.folder)
    for context in (CONTEXT // 2, CONTEXT * 2):
        model, said = taken(start, tokenizer, VOCABULARY, context=context)
        for name, value in model.state_dict().items():
            both = slice(rows, rows + min(context, CONTEXT)) if "position" in name or "wpe" in name else slice(None)
            assert torch.equal(value[both], stored[name][both]), name
        assert (f"positions from {CONTEXT} on are drawn" in said) == (context > CONTEXT and family != "qwen3")


@pytest.mark.parametrize("family", ["roberta", "electra"])
def test_a_relative_takes_the_layers_that_it_shares(family: str, data: Data, tmp_path: Path) -> None:
    start = write_model(tmp_path / "start", "bert", data.tokenizer, VOCABULARY)
    model, said = taken(start, data.tokenizer.read_bytes(), VOCABULARY, family)
    stored = weights(start.folder)
    for name, value in model.state_dict().items():
        if name.startswith(f"{family}.encoder."):
            assert torch.equal(value, stored[name.replace(family, "bert", 1)])
    places = f"{family}.embeddings.position_embeddings.weight"
    theirs = stored["bert.embeddings.position_embeddings.weight"]
    assert torch.equal(model.state_dict()[places][-CONTEXT:], theirs)
    [drawn] = [line for line in said.splitlines() if line.startswith("not in the start, and drawn as in a new model")]
    assert {"roberta": "lm_head.dense.weight", "electra": "generator.bias"}[family] in drawn
    assert "in the start, and left out: cls.predictions.bias" in said


def test_what_shares_less_than_half_is_refused(data: Data, tmp_path: Path) -> None:
    start = write_model(tmp_path / "start", "gpt2", data.tokenizer, VOCABULARY)
    with pytest.raises(ValueError, match=r"model.safetensors has 0% of the weights of this model, a bert; start from"):
        taken(start, data.tokenizer.read_bytes(), VOCABULARY, "bert")
    with pytest.raises(ValueError, match=r"the shape of a gpt2: .*missing.*num_key_value_heads"):
        taken(start, data.tokenizer.read_bytes(), VOCABULARY, "qwen3")


def test_the_shape_is_that_of_the_start(out: Path, data: Data, tmp_path: Path) -> None:
    start = open_start(str(out)).model
    model, plan = make_plan("base", VOCABULARY, data.eos, Shape(layers=2, width=32), None, None, start)
    assert (model, plan.context, plan.objective) == (start, CONTEXT, "next_token")
    with pytest.raises(ValueError, match="layers 3: the model to start from has 2; leave it out"):
        make_plan("tiny", VOCABULARY, data.eos, Shape(layers=3), None, None, start)
    done = run(data.command(tmp_path, "--from", str(out), "--kv-heads", "4"))
    assert (
        done.returncode != 0
        and done.stderr
        == "train: kv_heads 4: the model to start from has 2; leave it out, or start from another model\n"
    )


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_frozen_parts_stay_as_they_were(out: Path, data: Data, tmp_path: Path, optimizer: str) -> None:
    plan = {"freeze": 1, "optimizer": optimizer, "weight_decay": 0.5, "l1": 0.1}
    assert begin(data, tmp_path, open_start(str(out)), **plan).run() == 0
    before, after = weights(newest(out)), weights(newest(tmp_path))
    same = {name for name in after if torch.equal(before[name], after[name])}
    assert same == {"model.embed_tokens.weight", *(name for name in after if ".layers.0." in name)}
    moments = load_file(newest(tmp_path) / "optimizer.safetensors")
    assert not same & {name.rpartition("/")[0] for name in moments}
