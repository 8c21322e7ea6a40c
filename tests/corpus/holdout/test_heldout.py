"""Held out: the same pages in every run, and none of them, nor most of one, in training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.holdout.heldout import HeldOutConfig, HeldOutIndex, choose_held_out

CONFIG = HeldOutConfig(share=0.1, min_pages=4)
URLS = [f"https://river.example/page/{number}" for number in range(2_000)]


def page(*values: int | range) -> np.ndarray:
    flat = {int(value) for part in values for value in ([part] if isinstance(part, int) else part)}
    return np.array(sorted(flat), dtype=np.uint64)


def chosen(urls: list[str], config: HeldOutConfig = CONFIG) -> set[str]:
    return {url for url, held in zip(urls, choose_held_out(urls, config), strict=True) if held}


def test_about_the_wanted_share_is_held_out() -> None:
    assert abs(len(chosen(URLS)) - 200) < 4 * (2_000 * 0.1 * 0.9) ** 0.5


def test_a_page_is_held_out_whatever_stands_beside_it() -> None:
    assert chosen(URLS[::-1]) == chosen(URLS)
    assert chosen(URLS + [f"https://new.example/{number}" for number in range(500)]) >= chosen(URLS)
    assert chosen(URLS[:1_000]) == chosen(URLS) & set(URLS[:1_000])


def test_few_pages_are_divided_too() -> None:
    for count in range(2, 40):
        held = len(chosen(URLS[:count]))
        assert min(4, count // 2) <= held < count
    with pytest.raises(ValueError, match="1 page survived: at least 2"):
        choose_held_out(URLS[:1], CONFIG)


def test_the_numbers_are_exact() -> None:
    index = HeldOutIndex([page(range(10)), page(range(100, 120))], HeldOutConfig())
    assert index.closest(page(range(10))) == (0, 1.0, 1.0)
    assert index.closest(page(range(105, 125))) == (1, 15 / 25, 15 / 20)
    assert index.closest(page(range(5, 105))) == (0, 5 / 105, 5 / 10)
    assert index.closest(page(range(500, 510))) == (-1, 0.0, 0.0)
    assert HeldOutIndex([], HeldOutConfig()).closest(page(1, 2)) == (-1, 0.0, 0.0)


def test_a_short_page_half_contained_does_not_hide_a_long_one_half_equal() -> None:
    """Else a training page that is over the similarity of one held-out page is kept for the look of another."""
    short, long = page(range(4)), page(range(100, 200))
    training = page(range(3), range(100, 160))
    assert HeldOutIndex([short, long], HeldOutConfig()).closest(training) == (1, 60 / 103, 60 / 100)
    assert HeldOutConfig().similarity < 60 / 103, "and the short page is under its bound"
    assert HeldOutConfig().containment > 3 / 4


PAGES = st.lists(st.frozensets(st.integers(0, 12), min_size=1), min_size=1, max_size=6)
BOUNDS = st.sampled_from([0.2, 0.5, 0.8])


@settings(max_examples=200, deadline=None)
@given(PAGES, st.frozensets(st.integers(0, 12), min_size=1), BOUNDS, BOUNDS)
def test_a_page_goes_when_any_held_out_page_reaches_a_bound(
    held: list[frozenset[int]], training: frozenset[int], similarity: float, containment: float
) -> None:
    config = HeldOutConfig(similarity=similarity, containment=containment)
    index = HeldOutIndex([page(*values) for values in held], config)
    closest, jaccard, contained = index.closest(page(*training))
    exact = [(len(one & training) / len(one | training), len(one & training) / len(one)) for one in held]
    assert (jaccard, contained) == (exact[closest] if closest >= 0 else (0.0, 0.0))
    wanted = any(jaccard >= similarity or contained >= containment for jaccard, contained in exact)
    assert (jaccard >= similarity or contained >= containment) == wanted
