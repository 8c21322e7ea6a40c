"""What a recipe says of its training run, the trainer's command line makes the same plan of."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from recipes.training import TrainingConfig
from training.arguments import SETTINGS, SHAPE, build_parser
from training.presets import PRESETS, make_plan
from training.shape import Shape


def test_every_part_of_a_shape_and_every_setting_of_the_trainer_is_there() -> None:
    """But for `keep_every`, which follows from `along`; `max_epochs` bounds the tokens by what the shards have."""
    names = {field.name for field in fields(TrainingConfig)}
    assert names == {*SHAPE, *SETTINGS, "preset", "start", "family", "processes", "along", "max_epochs"} - {
        "keep_every"
    }


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(),
        TrainingConfig(preset="small", layers=3, width=96, heads=4, kv_heads=2, head_width=24, feed_forward=100),
        TrainingConfig(tokens=4096, context=64, learning_rate=1e-3, optimizer="adamw", seed=7, document_masks=True),
        TrainingConfig(preset="small", document_masks=False, packing="bestfit", dropout=0.1, schedule="wsd"),
    ],
)
def test_the_trainer_makes_the_same_plan_of_the_flags(config: TrainingConfig) -> None:
    args = vars(build_parser().parse_args(["--shards", "s", "--tokenizer", "t", "--out", "o", *config.flags()]))
    given = {name: args[name] for name in SETTINGS if args[name] is not None}
    plan = make_plan(args["preset"], 512, 0, Shape(**{name: args[name] for name in SHAPE}), given, args["family"])
    assert plan == config.plan(512, 0)


def test_a_start_is_given_to_the_trainer_which_takes_its_shape() -> None:
    config = TrainingConfig(start="runs/first", freeze=2, tokens=4096)
    args = vars(build_parser().parse_args(["--shards", "s", "--tokenizer", "t", "--out", "o", *config.flags()]))
    assert (args["start"], args["freeze"], args["family"]) == ("runs/first", 2, None)
    start, _ = make_plan("tiny", 512, 0, Shape(layers=3, width=64, heads=4), {"context": 48}, "bert")
    model, plan = config.plan(640, 1, start)
    assert (model.model_type, model.num_hidden_layers, model.hidden_size) == ("bert", 3, 64)
    assert (model.vocab_size, model.eos_token_id, plan.context, plan.freeze) == (641, 1, 48, 2)
    with pytest.raises(ValueError, match="layers 2: the model to start from has 3"):
        TrainingConfig(start="runs/first", layers=2).plan(640, 1, start)


def test_without_changes_the_plan_is_the_presets() -> None:
    for name in PRESETS:
        assert TrainingConfig(preset=name).plan(4096, 0) == make_plan(name, 4096, 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"along": -1}, "along -1: a number of checkpoints is 0 or more"),
        ({"processes": 0}, "processes 0: at least 1"),
        ({"max_epochs": 0}, "max_epochs 0: it must be above 0; none is no bound"),
        ({"layers": 0}, "layers 0: at least 1"),
        ({"tokens": 0}, "tokens is 0; it must be above 0"),
        ({"tokens": 0, "start": "runs/first"}, "tokens is 0; it must be above 0"),
        ({"freeze": -1}, "freeze is -1; it must be 0 or more"),
    ],
)
def test_a_run_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**values)
