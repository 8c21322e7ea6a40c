"""What may be chosen, as a person writes it, and what is refused before anything runs."""

from __future__ import annotations

import pytest

from headwater.tuning.measures import BITS, LOSS, choose_measure
from headwater.tuning.ranges import check_ranges, grid, parse_range, settings_of
from recipes import named

RECIPE = named.demo()


def test_a_grid_goes_from_end_to_end_and_holds_all_choices() -> None:
    rate, optimizer = check_ranges(
        RECIPE, [parse_range("training.learning_rate=1e-4:1e-2:log"), parse_range("training.optimizer=muon,adamw")]
    )
    assert grid([rate, optimizer], 7) == {
        "training.learning_rate": [1e-4, 1e-3, 1e-2],
        "training.optimizer": ["muon", "adamw"],
    }


def test_a_setting_that_takes_whole_numbers_gets_them_and_steps_are_kept() -> None:
    layers, width = check_ranges(
        RECIPE, [parse_range("training.layers=2:5"), parse_range("training.width=64:256:step=64")]
    )
    assert layers.points(9) == [2, 3, 4, 5] and all(isinstance(value, int) for value in layers.points(9))
    assert width.points(2) == [64, 128, 192, 256]
    assert settings_of({"training.width": 128}, [width]) == {"training": {"width": 128}}


def test_choices_are_those_that_set_takes_lists_too() -> None:
    [mask] = check_ranges(RECIPE, [parse_range('clean.mask=["email"],["email", "phone"]')])
    assert mask.choices == ('["email"]', '["email", "phone"]')
    assert settings_of({"clean.mask": mask.choices[1]}, [mask]) == {"clean": {"mask": ["email", "phone"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training.learning_rate", "write NAME=LOW:HIGH"),
        ("training.learning_rate=0.1", "one value is no range"),
        ("training.learning_rate=1e-2:1e-4", "0.01 is not below 0.0001"),
        ("training.learning_rate=0:1:log", "with log both ends are above 0, and 0 is not"),
        ("training.learning_rate=a:b", "'a' is no number"),
        ("training.learning_rate=1e-4:1e-2:exp", "'exp' is none of log, int and step=S"),
        ("training.learning_rat=1e-4:1e-2", "did you mean learning_rate?"),
        ("training.dropout=0:1.5", "dropout is 1.5"),
        ("training.layers=1:2.5", "training.layers = 1.0: wanted is a whole number"),
        ("training.width=64:256:step=32", "a width of 96 is not a multiple"),
        ("training.optimizer=muon,sgd", "optimizer 'sgd' is unknown"),
        ("training.optimizer=muon,muon", "a choice comes twice"),
        ("training.seed=0:9", "a seed is luck"),
        ("training.eval_every=10:20", "how a run is watched"),
        ("heldout.share=0.1:0.2", "trials would be compared on other texts"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name_and_value(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        check_ranges(RECIPE, [parse_range(text)])
    assert said in str(error.value)


def test_a_grid_that_is_too_large_says_how_many_trials_it_takes() -> None:
    with pytest.raises(ValueError, match="the grid has 4 combinations and --trials is 3: give --trials 4"):
        grid([parse_range("training.layers=2:5:int")], 3)


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("training.learning_rate=1e-4:1e-2", LOSS),
        ("training.width=64,128", LOSS),
        ("training.context=128,256", BITS),
        ("duplicates.threshold=0.6:0.9", BITS),
        ("vocabulary.size=1024,2048", BITS),
    ],
)
def test_losses_are_compared_only_of_the_same_tokens(text: str, measure: str) -> None:
    assert choose_measure([parse_range(text)]) == measure
