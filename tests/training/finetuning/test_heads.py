"""Heads: a task begins with the weights of a folder, and sees what it is to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_corpus import VOCABULARY

from training.finetuning.catalog import TASKS
from training.finetuning.finished import Finetuned, load_finetuned, write_model
from training.finetuning.heads import load_headed
from training.finetuning.inputs import load_inputs, read_config
from training.finetuning.plan import BOTH_SIDES, OWN, PRETRAINED, RANDOM, FinetunePlan

Start = Callable[[str], Path]


@pytest.mark.parametrize("family", ["bert", "roberta", "albert", "electra", "gpt2", "qwen3", "bart"])
@pytest.mark.parametrize("task", ["classification", "tagging", "answering"])
def test_a_task_begins_with_the_weights_of_the_folder(start: Start, family: str, task: str) -> None:
    """All but those of the head, of a pooler that pretraining has not, and of a token that pads."""
    inputs, plan = load_inputs(start(family), 0), FinetunePlan(task=task)
    head = TASKS[task](plan, {"labels": ["a", "b"], "tags": ["B-X", "O"], "usual_words": 1}).head(start(family))
    if type(read_config(start(family))) not in head._model_mapping:
        pytest.skip(f"transformers has no {head.__name__} for {family}")
    one, same, drawn = (
        load_headed(start(family), head, replace(plan, seed=seed, initial=initial), inputs, {"num_labels": 2})
        for seed, initial in ((0, PRETRAINED), (1, PRETRAINED), (0, RANDOM))
    )
    before, after = one.base_model.state_dict(), same.base_model.state_dict()
    new = {name for name in before if not torch.equal(before[name][:VOCABULARY], after[name][:VOCABULARY])}
    assert {name.split(".")[0] for name in new} <= {"pooler"}
    assert not torch.equal(one.get_input_embeddings().weight, drawn.get_input_embeddings().weight)


@pytest.mark.parametrize("family", ["gpt_bert", "gpt2"])
def test_attention_to_both_sides_sees_what_follows_also_once_it_is_stored(
    start: Start, tmp_path: Path, family: str
) -> None:
    inputs = load_inputs(start(family), 0)
    for attention, ahead in ((OWN, False), (BOTH_SIDES, True)):
        out = tmp_path / attention
        task = TASKS["tagging"](FinetunePlan(task="tagging", attention=attention), {"tags": ["B-X", "O"]})
        model = load_headed(start(family), task.head(out), task.plan, inputs, task.configuration())
        write_model(Finetuned(task=task, model=model, inputs=inputs), out / "model")
        stored = load_finetuned(out)
        eager = task.head(out).from_pretrained(out / "model", attn_implementation="eager", dtype="float32").eval()
        for one in (model.eval(), stored.model, eager):
            ids = torch.randint(4, 200, (2, 9), generator=torch.Generator().manual_seed(0))
            other = ids.clone()
            other[:, -1] = 3
            with torch.no_grad():  # nothing is padded: there is no mask then
                first, changed = (one(input_ids=row).logits for row in (ids, other))
            assert bool((first[:, 0] - changed[:, 0]).abs().max() > 1e-6) is ahead
            padded = torch.ones_like(ids)
            padded[0, 6:] = 0
            with torch.no_grad():
                seen = one(input_ids=ids, attention_mask=padded).logits
            assert torch.allclose(seen[1], first[1], atol=1e-5)
    # What is fine-tuned on from there reads as it does, unasked.
    stored_folder, plan = tmp_path / BOTH_SIDES / "model", FinetunePlan(task="tagging")
    again = load_headed(stored_folder, task.head(stored_folder), plan, inputs, {})
    assert not any(getattr(module, "is_causal", False) for module in again.modules())
