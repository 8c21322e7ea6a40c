"""Changes of a recipe: what a file may say, and what is refused with the key, its value and what it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corpus.quality.rules import Rule
from corpus.repeats.lines import LineConfig
from corpus.tokenizer.imported import ImportConfig
from pipelines.repeats import TrimConfig
from recipes.changes import change
from recipes.named import RECIPES, Recipe, base, documentation, trimmed
from recipes.values import differences, join_settings, parse_setting, settings, show


def changed(*texts: str, of: Recipe | None = None) -> Recipe:
    return change(of or base(), join_settings([parse_setting(text) for text in texts]))


def test_a_bound_of_a_rule_changes_and_nothing_else() -> None:
    made = changed("clean.rules.duplicate_lines.maximum=0.4", of=documentation())
    assert list(differences(documentation(), made)) == [("clean.rules.duplicate_lines.maximum", 0.8, 0.4)]


def test_a_rule_is_taken_out_and_another_put_in() -> None:
    made = changed("clean.rules.gopher_stop_words=none", "clean.rules.braces={measure='braces_per_word', maximum=0}")
    names = [rule.name for rule in base().clean.rules if rule.name != "gopher_stop_words"]
    assert [rule.name for rule in made.clean.rules] == [*names, "braces"]
    assert made.clean.rules[-1] == Rule(name="braces", measure="braces_per_word", maximum=0)


def test_parts_that_a_recipe_leaves_out_come_and_go() -> None:
    assert changed("trim.lines={}") == trimmed()
    assert changed("trim.lines.documents=3").trim == TrimConfig(lines=LineConfig(documents=3))
    assert changed("trim=none", of=trimmed()) == base()


def test_a_tokenizer_is_brought_along_and_an_extractor_chosen() -> None:
    assert changed("vocabulary.path=/models/gpt2").vocabulary == ImportConfig(path="/models/gpt2")
    back = changed("vocabulary.size=512", of=changed("vocabulary.path=x"))
    assert back == replace(base(), vocabulary=replace(base().vocabulary, size=512))
    assert changed("ingest.extract.extractor=trafilatura").ingest.extract.extractor == "trafilatura"


def test_a_mix_has_shares_of_any_name() -> None:
    made = changed("shards.mix.shares.en=3", 'shards.mix.shares."books/*"=1', "shards.mix.by=source")
    assert made.shards.mix is not None and made.shards.mix.shares == {"en": 3.0, "books/*": 1.0}


def test_whole_numbers_are_numbers_and_the_recipes_are_then_equal() -> None:
    assert changed("duplicates.threshold=1") == changed("duplicates.threshold=1.0")
    assert isinstance(changed("duplicates.threshold=1").duplicates.threshold, float)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_setting_that_is_shown_can_be_written(name: str) -> None:
    recipe = RECIPES[name]
    for setting, value in settings(recipe):
        assert changed(f"{setting}={show(value)}", of=recipe) == recipe, setting


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("trainig.layers=3", "trainig = {layers = 3}: there is no such setting; did you mean training?"),
        (
            "clean.languge_score=0.5",
            "there is no such setting; did you mean language_score?; clean has rules,",
        ),
        (
            "clean.rules.duplicat_lines.maximum=1",
            "there is none of that name; did you mean duplicate_lines?",
        ),
        ("clean.rules.duplicate_lines.maxmum=1", "clean.rules.duplicate_lines.maxmum = 1: there is no such setting"),
        ("clean.rules.duplicate_lines=0.5", "clean.rules.duplicate_lines = 0.5: wanted is a table"),
        ("clean.language_score=high", 'clean.language_score = "high": wanted is a number, as 0.3'),
        ("training.tokens=1.5", "training.tokens = 1.5: wanted is a whole number"),
        ("training.tokens=true", "training.tokens = true: wanted is a whole number"),
        ("training.document_masks=1", "training.document_masks = 1: wanted is true or false"),
        ("clean.mask=[3]", "clean.mask[0] = 3: wanted is text"),
        ("clean.mask=email", 'clean.mask = "email": wanted is a list'),
        ("items.context_words=[1]", "items.context_words = [1]: wanted are 2 values, such as [15, 100]"),
        ("duplicates.measure=cosine", 'duplicates.measure = "cosine": choose one of jaccard, containment'),
        ("duplicates.threshold=2", "duplicates: threshold 2.0: a similarity above 0 and at most 1 is needed"),
        ("training.optimizer=sgd", "training: optimizer 'sgd' is unknown; choose one of muon, adamw"),
        ("training.width=100", "training: a width of 100 is not a multiple of head_width 64"),
        ("training.preset=huge", "training: preset 'huge' is unknown; choose one of tiny, small, base"),
        ("vocabulary.siz=3", "vocabulary.siz = 3: there is no such setting; did you mean size?"),
        ("vocabulary={size=512, path='x'}", "vocabulary: no configuration has size, path together"),
        ("shards.mix.by=source", "shards.mix: shards.mix.shares has to be given too"),
    ],
)
def test_what_cannot_be_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        changed(setting)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["clean.language_score"], "--set clean.language_score: write NAME=VALUE"),
        (["=3"], "write NAME=VALUE"),
        (["a b=3"], "is no name of a setting"),
        (["items.seed=3", "items.seed=4"], "--set items.seed is given twice: 3 and 4"),
    ],
)
def test_a_setting_is_a_name_and_a_value(texts: list[str], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        changed(*texts)
    assert message in str(refused.value)
