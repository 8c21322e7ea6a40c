"""Ranges: what a study may choose, `training.learning_rate=1e-4:1e-2:log` or `training.optimizer=muon,adamw`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recipes.changes import change
from recipes.named import Recipe
from recipes.values import join_settings, parse_setting, show

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FORM = "write NAME=LOW:HIGH, NAME=LOW:HIGH:log, :int or :step=S, or choices NAME=A,B,C"
MANY = 1_000  # values of a range with steps that are checked one by one
DIGITS = 6  # of a grid's values between its ends
# Parts of a recipe that decide what trials are compared on, or nothing that is compared.
APART = ("crawls", "heldout", "items", "finetune", "risks", "shrink")
# What decides no result, how long a trial is watched, or nothing but luck.
FIXED = {
    "seed": "a seed is luck, not a choice: the best trials are trained again with new seeds",
    **dict.fromkeys(
        ("eval_every", "eval_sequences", "checkpoint_every", "keep_last", "along", "sample_every", "timeout"),
        "it says how a run is watched or saved, not what it learns; set it in the recipe",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Range:
    """Of one setting: `choices`, as TOML writes them, or all numbers from `low` to `high`. `step`: the distance of its
    numbers, 0 for any. `log`: each factor is as likely as another. `whole`: integers alone."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    step: float = 0.0
    choices: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """As a person reads it."""
        if self.choices:
            return ", ".join(self.choices)
        marks = ["log"] * self.log + ["whole numbers"] * self.whole + [f"in steps of {self.step:g}"] * bool(self.step)
        return ", ".join([f"{self.low:g} to {self.high:g}", *marks])

    def distribution(self) -> BaseDistribution:
        """As Optuna has it."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices:
            return CategoricalDistribution(self.choices)
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step) or 1)
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step or None)

    def count(self) -> int | None:
        """How many values it has; None where there are too many to number."""
        if self.choices:
            return len(self.choices)
        step = self.step or (1.0 if self.whole and not self.log else 0.0)
        return math.floor((self.high - self.low) / step + 1e-9) + 1 if step else None

    def points(self, count: int) -> list[Any]:
        """All of its values where they can be numbered, else `count` of them, evenly spaced from end to end."""
        if self.choices:
            return list(self.choices)
        if (steps := self.count()) is not None:
            values = [self.low + place * (self.step or 1.0) for place in range(steps)]
        elif count == 1:
            values = [math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2]
        else:
            shares = [place / (count - 1) for place in range(count)]
            values = [
                self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)
                for share in shares
            ]
        if self.whole:
            return sorted({round(value) for value in values})
        rounded = [float(f"{value:.{DIGITS}g}") for value in values]
        return [min(max(value, self.low), self.high) for value in rounded]


def parse_range(text: str) -> Range:
    """Raises ValueError, naming the setting and the value, for what is no range."""
    name, equals, values = text.partition("=")
    name, values = name.strip(), values.strip()
    if not equals or not name or not values:
        raise ValueError(f"--set-range {text}: {FORM}")
    if "," in values:
        return _parse_choices(name, values)
    low, *rest = values.split(":")
    if not rest:
        raise ValueError(f"--set-range {text}: one value is no range; {FORM}, or put it into a recipe with --set")
    high, *marks = rest
    found = Range(name=name, low=_number(text, low), high=_number(text, high))
    for mark in marks:
        if mark in ("log", "int"):
            found = replace(found, log=found.log or mark == "log", whole=found.whole or mark == "int")
        elif mark.startswith("step="):
            found = replace(found, step=_number(text, mark.removeprefix("step=")))
        else:
            raise ValueError(f"--set-range {text}: {mark!r} is none of log, int and step=S")
    return _check(found, text)


def _parse_choices(name: str, values: str) -> Range:
    """Commas within brackets or quotes belong to a choice."""
    choices = [choice.strip() for choice in re.findall(r"(?:\[[^\]]*\]|\"[^\"]*\"|[^,\[\"])+", values)]
    if len(set(choices)) < len(choices):
        raise ValueError(f"--set-range {name}={values}: a choice comes twice")
    return Range(name=name, choices=tuple(choices))


def _number(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"--set-range {text}: {value!r} is no number; {FORM}")
    return number


def _check(found: Range, text: str) -> Range:
    """Raises ValueError for bounds that do not go together."""
    if not found.low < found.high:
        raise ValueError(f"--set-range {text}: {found.low:g} is not below {found.high:g}; write the smaller one first")
    if found.log and found.low <= 0:
        raise ValueError(f"--set-range {text}: with log both ends are above 0, and {found.low:g} is not")
    if found.step < 0 or (found.step and found.step > found.high - found.low):
        raise ValueError(f"--set-range {text}: a step of {found.step:g} does not fit between the ends")
    if found.step and found.log:
        raise ValueError(f"--set-range {text}: give log or step, not both")
    if found.whole and any(not number.is_integer() for number in (found.low, found.high, found.step)):
        raise ValueError(f"--set-range {text}: with int all numbers are whole")
    return found


def check_ranges(recipe: Recipe, ranges: Sequence[Range]) -> tuple[Range, ...]:
    """The ranges, those of settings that take whole numbers marked so. Raises ValueError, naming the setting and the
    value, where a recipe cannot have a value of one."""
    if not ranges:
        raise ValueError(f"there is nothing to choose: give --set-range; {FORM}")
    join_settings([parse_setting(f"{one.name}=0") for one in ranges])  # no setting twice
    return tuple(_check_range(recipe, one) for one in ranges)


def _check_range(recipe: Recipe, found: Range) -> Range:
    for name, why in FIXED.items():
        if found.name == f"training.{name}":
            raise ValueError(f"--set-range {found.name}: {why}")
    if found.name.split(".")[0] in APART:
        raise ValueError(f"--set-range {found.name}: trials would be compared on other texts; set it in the recipe")
    if not found.choices and not found.whole and _takes_only_whole(recipe, found):
        found = _check(replace(found, whole=True), f"{found.name}={found.low:g}:{found.high:g}")
    numbered = found.count()
    for value in found.points(2) if numbered is None or numbered <= MANY else (found.low, found.high):
        change(recipe, settings_of({found.name: value}, [found]))
    return found


def _takes_only_whole(recipe: Recipe, found: Range) -> bool:
    """Whether a fraction is refused where a whole number is not."""
    if not (found.low.is_integer() and found.high.is_integer()):
        return False
    try:
        change(recipe, parse_setting(f"{found.name}={int(found.low)}"))
    except ValueError:
        return False  # for another reason, which is told when the values are checked
    try:
        change(recipe, parse_setting(f"{found.name}={found.low}"))
    except ValueError:
        return True
    return False


def settings_of(chosen: Mapping[str, Any], ranges: Sequence[Range]) -> dict[str, Any]:
    """What was chosen, as the changes of a recipe."""
    written = {one.name: bool(one.choices) for one in ranges}
    return join_settings(
        [parse_setting(f"{name}={value if written[name] else show(value)}") for name, value in chosen.items()]
    )


def grid(ranges: Sequence[Range], trials: int) -> dict[str, list[Any]]:
    """The values of each setting, so that all combinations are `trials` at most. Raises ValueError where those that can
    be numbered are more already."""
    fixed = math.prod(number for one in ranges if (number := one.count()) is not None)
    free = [one for one in ranges if one.count() is None]
    if fixed > trials:
        raise ValueError(f"the grid has {fixed:,} combinations and --trials is {trials}: give --trials {fixed}")
    each = 1
    while free and fixed * (each + 1) ** len(free) <= trials:
        each += 1
    return {one.name: one.points(each) for one in ranges}
