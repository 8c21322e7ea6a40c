"""Recipes: what each of them changes, and what it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corpus.quality.rules import DEFAULT
from recipes.named import RECIPES, base, demo, documentation, trimmed, with_maxima


def test_the_documentation_recipe_changes_nothing_but_six_upper_bounds() -> None:
    assert replace(documentation(), clean=base().clean) == base()
    pairs = zip(documentation().clean.rules, DEFAULT, strict=True)
    changed = {old.name: (old.maximum, new.maximum) for new, old in pairs if new != old}
    assert changed == {
        "duplicate_lines": (0.5, 0.8),
        "duplicate_line_characters": (0.33, 0.8),
        "duplicate_paragraph_characters": (0.2, 0.8),
        "duplicate_5grams": (0.45, 0.8),
        "duplicate_10grams": (0.39, 0.8),
        "lines_per_word": (0.3, 0.4),
    }


def test_ordinary_web_pages_keep_the_default_rules() -> None:
    assert base().clean.rules == trimmed().clean.rules == DEFAULT


def test_the_demo_differs_from_the_documentation_recipe_in_size_alone() -> None:
    assert replace(demo(), crawls=base().crawls, training=base().training) == documentation()
    assert set(demo().crawls) < set(documentation().crawls)


def test_other_bounds_leave_minima_and_languages_alone() -> None:
    [rule] = [rule for rule in DEFAULT if rule.name == "top_2gram"]
    [changed] = with_maxima((rule,), {"top_2gram": 0.5})
    assert changed == replace(rule, maximum=0.5)


def test_a_bound_of_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule is named duplicate_line:"):
        with_maxima(DEFAULT, {"duplicate_line": 0.5})


def test_every_recipe_has_a_name_of_its_own() -> None:
    assert set(RECIPES) == {"babylm_strict_small", "base", "demo", "documentation", "trimmed"}


def test_babylm_has_the_size_of_the_baseline_and_reads_its_text_ten_times_at_most() -> None:
    recipe = RECIPES["babylm_strict_small"]
    assert recipe.heldout.training_words == 10_000_000
    model, train = recipe.training.plan(recipe.vocabulary.size, 0)  # type: ignore[union-attr]
    assert model.build().parameter_count == pytest.approx(31e6, rel=0.02)
    assert recipe.training.tokens_of(train.tokens, 13_000_000) == 130_000_000
    assert recipe.training.tokens_of(train.tokens, 20_000_000) == train.tokens
