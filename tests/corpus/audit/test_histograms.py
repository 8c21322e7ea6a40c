"""Histograms: every document is in a bin, what breaks a rule in a bin of its own, bounds where they apply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stages import Stages, make_stages

from corpus.audit.histograms import Bound, histogram, make_histograms
from corpus.audit.outcomes import find_outcomes
from corpus.lake.store import Lake
from corpus.quality.rules import Rule

RULES = (
    Rule(name="too_short", measure="words", minimum=50, maximum=100_000),
    Rule(name="too_many_symbols", measure="symbols_per_word", maximum=0.1, exempt=("de",)),
    Rule(name="only_german", measure="symbols_per_word", maximum=0.3, languages=("de",)),
    Rule(name="only_spaced", measure="words", minimum=60, spaced=True),
)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return make_stages(Lake(str(tmp_path_factory.mktemp("lake"))))


def test_every_measure_of_the_dataset_is_there(stages: Stages) -> None:
    found = make_histograms(stages.lake, stages.clean[0], find_outcomes(stages.lake, stages.clean[0]), RULES, 0.3)
    assert list(found) == [None, "en", "de", "zh"]
    for language, documents in ((None, 28), ("en", 20), ("de", 6), ("zh", 2)):
        assert [one.measure for one in found[language]] == ["language_score", "words", "unspaced", "symbols_per_word"]
        assert all(sum(one.counts) == documents for one in found[language])


def test_bounds_stand_where_their_rule_applies(stages: Stages) -> None:
    found = make_histograms(stages.lake, stages.clean[0], find_outcomes(stages.lake, stages.clean[0]), RULES, 0.3)
    rules = {
        language: {one.measure: [bound.rule for bound in one.bounds] for one in drawn}
        for language, drawn in found.items()
    }
    assert rules["en"]["language_score"] == ["language_score"]
    assert rules["en"]["words"] == ["too_short", "only_spaced"] and rules["zh"]["words"] == ["too_short"]
    assert rules["de"]["symbols_per_word"] == ["only_german"] and rules[None]["symbols_per_word"] == [
        "too_many_symbols"
    ]
    assert rules["en"]["unspaced"] == []


def test_failures_are_counted_whatever_else_a_document_breaks(stages: Stages) -> None:
    found = make_histograms(stages.lake, stages.clean[0], find_outcomes(stages.lake, stages.clean[0]), RULES, 0.3)
    of_english = {bound.rule: bound for one in found["en"] for bound in one.bounds}
    assert of_english["too_short"] == Bound(rule="too_short", minimum=50, maximum=100_000, failed=2)
    assert of_english["too_many_symbols"].failed == 1
    assert {bound.rule: bound.failed for one in found[None] for bound in one.bounds}["too_short"] == 6


@given(
    values=st.lists(st.floats(-10, 1e6), min_size=1, max_size=50),
    bound=st.one_of(st.none(), st.floats(0, 2e5)),
)
def test_every_value_is_in_one_bin(values: list[float], bound: float | None) -> None:
    bounds = [Bound(rule="r", minimum=None, maximum=bound, failed=0)] if bound is not None else []
    found = histogram("m", np.array(values), bounds)
    assert sum(found.counts) == len(values)
    assert list(found.edges) == sorted(set(found.edges)) and len(found.edges) == len(found.counts) + 1
    assert found == histogram("m", np.array(values[::-1]), bounds)


def test_what_breaks_a_bound_is_in_bins_beyond_it() -> None:
    values = np.array([1.0] * 10 + [22.0])
    found = histogram("m", values, [Bound(rule="r", minimum=None, maximum=10, failed=1)])
    beyond = [n for n, low, high in zip(found.counts, found.edges, found.edges[1:], strict=False) if low + high > 20]
    assert sum(beyond) == 1


def test_counts_have_edges_that_grow() -> None:
    found = histogram("words", np.array([3.0, 50, 700, 20_000]))
    assert found.log and found.edges[1] / found.edges[0] == pytest.approx(found.edges[-1] / found.edges[-2])
    assert not histogram("share", np.array([0.0, 0.5])).log
