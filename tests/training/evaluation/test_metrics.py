"""Metrics against values worked out by hand."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from training.evaluation import metrics


def items(*rows: tuple[int | None, list[float]]) -> pa.Table:
    """Of (right choice, probabilities)."""
    gold, chances = zip(*rows, strict=True)
    logs = [[math.log(chance) if chance else -math.inf for chance in row] for row in chances]
    return pa.table(
        {"gold": pa.array(gold, pa.int32()), "log_likelihoods": pa.array(logs, pa.list_(pa.float64()))},
    )


def test_of_two_choices_by_hand() -> None:
    found = metrics.of_choices(items((0, [0.9, 0.1]), (0, [0.6, 0.4]), (0, [0.2, 0.8]), (1, [0.3, 0.7])))
    # Taken: 0 0 1 1. Class 0: precision 2/2, recall 2/3; class 1: precision 1/2, recall 1/1.
    assert found["accuracy"] == 0.75
    assert found["precision"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    # Class 1's probability .7 where it is right; .1, .4, .8 where it is not: two of three pairs in order.
    assert found["roc_auc"] == pytest.approx(2 / 3)
    # Each in a bin of its own: |1 - .9|, |1 - .6|, |0 - .8|, |1 - .7|.
    assert found["calibration_error"] == pytest.approx((0.1 + 0.4 + 0.8 + 0.3) / 4, abs=1e-6)
    assert found["brier"] == pytest.approx(2 * (0.1**2 + 0.4**2 + 0.8**2 + 0.3**2) / 4)


def test_log_likelihoods_of_any_size_become_probabilities() -> None:
    table = items((0, [0.9, 0.1]), (1, [0.3, 0.7]))
    far = pa.table(
        {
            "gold": table["gold"],
            "log_likelihoods": [[x - 5000 for x in row] for row in table["log_likelihoods"].to_pylist()],
        }
    )
    assert metrics.of_choices(far) == pytest.approx(metrics.of_choices(table))


def test_items_of_two_and_of_four_choices_stand_together() -> None:
    found = metrics.of_choices(items((1, [0.5, 0.5]), (3, [0.1, 0.1, 0.1, 0.7]), (None, []), (None, [0.4, 0.6])))
    assert found["accuracy"] == 0.5, "of equal ones the first is taken; what has no right choice does not count"
    assert found["brier"] == pytest.approx((0.5 + 3 * 0.01 + 0.09) / 2)


def test_where_the_first_choice_is_always_right_there_is_no_roc_auc() -> None:
    found = metrics.of_choices(items((0, [0.9, 0.1]), (0, [0.4, 0.6])))
    assert "roc_auc" not in found
    # Class 0: precision 1, recall 1/2; class 1, taken and never right: 0 and 0.
    assert (found["precision"], found["recall"], found["accuracy"]) == (0.5, 0.25, 0.5)
    assert all(math.isfinite(value) for value in found.values())


def test_all_choices_impossible_are_equally_likely_and_one_is_no_number_is_refused() -> None:
    assert metrics.of_choices(items((1, [0.0, 0.0])))["brier"] == pytest.approx(0.5)
    bad = pa.table({"gold": pa.array([0], pa.int32()), "log_likelihoods": [[math.nan, -1.0]]})
    with pytest.raises(ValueError, match="nan"):
        metrics.of_choices(bad)
    with pytest.raises(ValueError, match="right choice 2 of 2"):
        metrics.of_choices(items((2, [0.5, 0.5])))


def test_without_choices_nothing_is_given() -> None:
    assert metrics.of_choices(items((None, []))) == {}


def test_texts_in_english_by_hand() -> None:
    found = metrics.of_texts(["The cat sat on the mat."], [["the cat was on the mat"]])
    assert found["exact_match"] == 0.0
    assert found["token_f1"] == pytest.approx(3 / 4), "cat, on and mat of four words each, without articles"
    assert found["rouge1"] == pytest.approx(5 / 6)
    assert found["rouge2"] == pytest.approx(3 / 5)
    assert found["rougeL"] == pytest.approx(5 / 6)
    assert metrics.of_texts(["a b c d e"], [["a b c d e"]])["bleu"] == pytest.approx(100)
    # Four of five unigrams, three of four bigrams, two of three, one of two: their geometric mean, no brevity penalty.
    by_hand = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert metrics.of_texts(["v w x y q"], [["v w x y z"]])["bleu"] == pytest.approx(by_hand)


def test_chinese_is_scored_by_characters() -> None:
    found = metrics.of_texts(["猫坐在垫子上"], [["猫在垫子上。"]], "zh")
    assert found["token_f1"] == pytest.approx(2 * 5 / 11)
    assert found["rouge1"] == pytest.approx(2 * (5 / 6 * 1) / (5 / 6 + 1))
    assert found["rouge2"] == pytest.approx(2 * 3 / (5 + 4))
    assert found["bleu"] > 30, "one word without spaces would have none of four"
    assert metrics.of_texts(["北京，"], [["北京"]], "zh")["exact_match"] == 1.0
    assert metrics.of_texts(["于1998年"], [["1998 年"]], "zh")["token_f1"] == pytest.approx(2 * 2 / (3 + 2))


def test_rouge_is_the_reference_implementation_s_in_english_and_keeps_other_alphabets() -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rouge1", "rouge2", "rougeL"])
    said, wanted = "The quick, brown fox; jumps over 12 lazy dogs!", "A brown and quick fox jumped over the 12 dogs."
    found, reference = metrics.of_texts([said], [[wanted]]), scorer.score(wanted, said)
    for name, score in reference.items():
        assert found[name] == pytest.approx(score.fmeasure, abs=1e-6)
    assert metrics.of_texts(["быстрая лиса"], [["лиса быстрая"]], "ru")["rouge1"] == pytest.approx(1)


def test_the_best_of_several_references_counts() -> None:
    found = metrics.of_texts(["in Paris", "four"], [["London", "Paris"], ["four"]])
    assert found["token_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["exact_match"] == 0.5
    assert found["rouge1"] == pytest.approx((2 / 3 + 1) / 2)


def test_an_empty_prediction_is_wrong_unless_nothing_was_wanted() -> None:
    assert set(metrics.of_texts([""], [["word"]]).values()) == {0.0}
    assert metrics.token_f1("", [""]) == metrics.exact_match("the", [""]) == 1.0
    with pytest.raises(ValueError, match="at least one"):
        metrics.of_texts([], [])
    with pytest.raises(ValueError, match="1 of them empty"):
        metrics.of_texts(["a"], [[]])


def test_perplexity_and_bits_per_byte() -> None:
    assert metrics.perplexity(-6 * math.log(8), 6) == pytest.approx(8)
    assert metrics.perplexity(-1e9, 1) == math.inf
    assert metrics.bits_per_byte(-10 * math.log(2), 4) == pytest.approx(2.5)
    for nothing in (metrics.perplexity, metrics.bits_per_byte):
        with pytest.raises(ValueError, match="nothing"):
            nothing(0.0, 0)
