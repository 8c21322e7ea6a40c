from __future__ import annotations

import math
import sys
from dataclasses import asdict
from typing import Any

import pytest
from small_corpus import Data, run

from training.config import TrainConfig, from_mapping, identity
from training.models.qwen3.config import Qwen3Config
from training.optim.scaling import apply_step_law
from training.presets import PRESETS, make_plan
from training.shape import Shape


def test_planning_a_run_needs_no_torch() -> None:
    code = "import sys, training.config; assert not {'torch', 'pyarrow', 'tokenizers'} & set(sys.modules)"
    done = run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_hold_together(name: str) -> None:
    model, plan = make_plan(name, 4096, 0)
    plan, _ = apply_step_law(plan, model)
    assert model.max_position_embeddings == plan.context
    assert plan.global_batch % plan.micro_batch == 0
    assert (plan.steps - 1) * plan.tokens_per_step < plan.tokens <= plan.steps * plan.tokens_per_step


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_shape_without_changes_is_the_presets(name: str) -> None:
    size, plan = PRESETS[name]()
    assert Shape().apply(size, plan.context) == size


def test_a_width_brings_heads_and_feed_forward_layers_of_its_own() -> None:
    model, plan = make_plan("tiny", 4096, 0, Shape(layers=12, width=768), {"context": 512})
    assert (model.num_hidden_layers, model.hidden_size, model.max_position_embeddings) == (12, 768, 512)
    assert (model.num_attention_heads, model.num_key_value_heads, model.head_dim) == (12, 12, 64)
    assert model.intermediate_size == 2048
    assert model.initializer_range == pytest.approx(0.03)
    assert plan.context == 512


def test_every_part_of_a_shape_can_be_given() -> None:
    shape = Shape(layers=2, width=100, heads=6, kv_heads=2, head_width=10, feed_forward=77)
    model, _ = make_plan("base", 4096, 0, shape)
    assert (model.num_attention_heads, model.num_key_value_heads, model.head_dim) == (6, 2, 10)
    assert (model.hidden_size, model.intermediate_size) == (100, 77)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (Shape(width=100), "width of 100 is not a multiple of head_width 64: give a width that is, or both"),
        (Shape(width=256, heads=7), "width of 256 is not a multiple of heads 7"),
        (Shape(heads=4, kv_heads=3), "num_key_value_heads must divide"),
    ],
)
def test_a_shape_without_whole_numbers_is_refused(shape: Shape, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_plan("tiny", 4096, 0, shape, {})


def test_parsed_configurations_round_trip_and_refuse_unknown_keys(data: Data) -> None:
    kind: Any
    for kind, config in ((Qwen3Config, data.model()), (TrainConfig, data.plan())):
        assert from_mapping(kind, asdict(config), where="here") == config
        with pytest.raises(ValueError, match="here: unknown key learning; "):
            from_mapping(kind, {**asdict(config), "learning": 1}, where="here")
        with pytest.raises(ValueError, match=r"here: .*missing"):
            from_mapping(kind, {}, where="here")


def test_operational_settings_are_no_part_of_a_runs_identity(data: Data) -> None:
    model = data.model().asdict()
    one = identity(model, data.plan())
    assert one == identity(model, data.plan(threads=7, keep_last=9, micro_batch=1))
    assert one != identity(model, data.plan(learning_rate=1.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_key_value_heads": 3}, "4 attention heads cannot share 3"),
        ({"head_dim": 7}, "head_dim 7 is odd"),
        ({"eos_token_id": 512}, "eos_token_id 512 lies outside"),
        ({"hidden_size": 0}, "hidden_size is 0"),
    ],
)
def test_a_model_that_cannot_be_is_refused(data: Data, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.model(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "float16"}, "'float16' is unknown"),
        ({"seed": -1}, "seed -1"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"tokens": 0}, "tokens is 0"),
        ({"warmup_fraction": 1.0}, "warmup_fraction is 1.0"),
        ({"schedule": "wsd", "warmup_fraction": 0.2, "decay_fraction": 0.9}, "add up to more than 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(data: Data, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.plan(**changes)
