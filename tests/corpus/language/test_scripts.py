"""Scripts: what is counted to which writing system, and what to none."""

from __future__ import annotations

from itertools import pairwise

from corpus.language.scripts import RANGES, count_scripts


def test_letters_are_counted_by_script() -> None:
    assert count_scripts("Hello, мир! 3 水と空") == {"Latin": 5, "Cyrillic": 3, "Han": 2, "Kana": 1}
    assert count_scripts("plain ASCII, 42") == {"Latin": 10}


def test_half_width_and_old_forms_count_too() -> None:
    assert count_scripts("ｶﾅ") == {"Kana": 2}
    assert count_scripts("Ａｂｃ１２") == {"Latin": 3}
    assert count_scripts("ἄνθρωπος") == {"Greek": 8}
    assert count_scripts("𠮷野家") == {"Han": 3}


def test_digits_punctuation_and_halves_of_pairs_count_nowhere() -> None:
    assert (
        count_scripts("")
        == count_scripts("12 + 3 = ?")
        == count_scripts("…。、「」🎉")
        == count_scripts("\ud800\udfff")
        == {}
    )


def test_ranges_are_whole_sixteens_and_do_not_overlap() -> None:
    ordered = sorted((start, stop) for start, stop, _ in RANGES)
    assert all(start % 16 == 0 and stop % 16 == 0 and start < stop for start, stop in ordered)
    assert all(stop <= start for (_, stop), (start, _) in pairwise(ordered))
