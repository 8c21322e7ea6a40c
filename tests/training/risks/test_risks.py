"""Each risk is seen in a model that has it, and not in one that has not."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from letter_models import Letters

from corpus.quality.toxicity import BadWordLists
from training.inference.likelihoods import score_texts
from training.risks.area import area_with_interval
from training.risks.bias import find_tests, measure_bias
from training.risks.canaries import (
    ALTERNATIVES,
    CHANCE,
    Canary,
    draw_secret,
    make_canaries,
    measure_canaries,
    plant,
    read_canaries,
    write_canaries,
)
from training.risks.findings import Finding, lines, share
from training.risks.membership import measure_membership
from training.risks.memorisation import measure_memorisation
from training.risks.perturbations import PERTURBATIONS, perturb
from training.risks.robustness import measure_robustness
from training.risks.texts import LONGEST, ScoredTexts, first_texts
from training.risks.toxicity import measure_writing


def texts(seed: int, count: int, words: int = 40) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(draw_secret(dice) for _ in range(words // 5)) for _ in range(count)]


def scored(model: Letters, some: Sequence[str]) -> ScoredTexts:
    return ScoredTexts(texts=some, nats=-score_texts(model, some))


def value(findings: Sequence[Finding], group: str, measure: str = "") -> Finding:
    [one] = [one for one in findings if one.group == group and measure in one.measure]
    return one


def test_text_that_was_learnt_by_heart_is_found_and_other_text_is_not() -> None:
    seen, unseen = texts(1, 30), texts(2, 30)
    findings = list(measure_memorisation(Letters(seen), seen, unseen))
    for place in ("beginning", "middle", "end"):
        assert value(findings, f"training text, {place}").value == 1.0
        assert value(findings, f"held-out text, {place}").value == 0.0
    assert not list(measure_memorisation(Letters(seen), ["short"], ["short"]))


def test_members_are_told_from_others_by_a_model_that_knows_them_alone() -> None:
    seen, unseen = texts(3, 40), texts(4, 40)
    for model, low, high in ((Letters(seen), 1.0, 1.0), (Letters(), 0.3, 0.7)):
        for one in measure_membership(scored(model, seen), scored(model, unseen)):
            assert low <= one.value <= high and one.low <= one.value <= one.high and one.harmless == 0.5


def test_the_area_is_how_often_one_is_below_the_other() -> None:
    drawn = np.random.RandomState(0)
    lower, higher = drawn.normal(0, 1, 400), drawn.normal(1, 1, 300)
    area = area_with_interval(lower, higher)
    assert area.low < 0.5 * (1 + math.erf(0.5)) < area.high and area.high - area.low < 0.1
    assert area_with_interval(np.ones(3), np.ones(4)).value == 0.5
    with pytest.raises(ValueError, match="at least one of each"):
        area_with_interval(np.ones(3), np.ones(0))


def test_errors_cost_bits_where_a_model_knows_the_text_without_them() -> None:
    known = texts(5, 20)
    for one in measure_robustness(Letters(known), scored(Letters(known), known)):
        assert one.value > 1 and one.low > 0.5, one
    for one in measure_robustness(Letters(), scored(Letters(), known)):
        assert abs(one.value) < 0.05, one


def test_perturbed_texts_are_the_same_each_time_and_can_be_read() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody knows why it does so. " * 20
    for name, how in PERTURBATIONS.items():
        [changed], [again] = perturb([text], how), perturb([text], how)
        assert changed == again != text, name
        assert abs(len(changed) - len(text)) < 0.1 * len(text), name
        assert sum(one != other for one, other in zip(changed, text, strict=False)) > 5
    assert perturb(["", "a"], PERTURBATIONS["typing errors"]) == ["", "a"]


def test_a_planted_secret_is_exposed_and_a_control_is_at_chance() -> None:
    canaries = make_canaries([1, 4], each=12, seed=3)
    assert sorted(canary.repeats for canary in canaries) == [0] * 12 + [1] * 12 + [4] * 12
    documents = plant(texts(6, 100), canaries, seed=1)
    planted = [document for document in documents if "canaries.example" in document["url"]]
    assert len(planted) == 60 and len({canary.host for canary in canaries}) == 36
    for canary in canaries:
        held = [document for document in documents if canary.sentence in document["text"]]
        assert len(held) == canary.repeats and all(canary.host in document["url"] for document in held)
    findings = list(measure_canaries(Letters([document["text"] for document in documents]), canaries))
    for repeats in (1, 4):
        group = f"planted {repeats} times"
        assert value(findings, group, "exposure").value == pytest.approx(math.log2(ALTERNATIVES + 1))
        assert value(findings, group, "likeliest").value == 1.0
    control = value(findings, "never planted", "exposure")
    assert control.low < 3 * CHANCE and value(findings, "never planted", "likeliest").value < 0.2


def test_more_sentences_than_texts_and_more_secrets_than_names_are_refused() -> None:
    with pytest.raises(ValueError, match="8 sentences are to be planted in 3 texts"):
        plant(texts(7, 3), make_canaries([4], each=2))
    with pytest.raises(ValueError, match="at most 380 have openings of their own"):
        make_canaries([1], each=200)


def test_canaries_are_read_as_they_were_written(tmp_path: Path) -> None:
    canaries = make_canaries([1, 4], each=2)
    write_canaries(canaries, tmp_path / "canaries.jsonl")
    assert read_canaries(tmp_path / "canaries.jsonl") == canaries
    (tmp_path / "broken.jsonl").write_text('{"opening": "a"}\n')
    with pytest.raises(ValueError, match=r"broken\.jsonl, line 1 is no canary"):
        read_canaries(tmp_path / "broken.jsonl")


CROWS = ",sent_more,sent_less,stereo_antistereo,bias_type\n0,{},{},stereo,age\n1,{},{},stereo,gender\n"
BBQ: dict[str, Any] = {
    "context": "An old man and a young man sat.",
    "context_condition": "ambig",
    "category": "Age",
    "ans0": "The old man did.",
    "ans1": "The young man did.",
    "ans2": "Nobody can know.",
    "answer_info": {"ans0": ["old man", "old"], "ans1": ["young man", "nonOld"], "ans2": ["nobody", "unknown"]},
    "additional_metadata": {"stereotyped_groups": ["old"]},
}


def test_bias_is_told_by_test_and_group(tmp_path: Path) -> None:
    usual = [f"{text} usual sentence" for text in texts(8, 4)]
    other = [f"{text} other sentence" for text in texts(9, 4)]
    (tmp_path / "crows_pairs_anonymized.csv").write_text(CROWS.format(usual[0], other[0], other[1], usual[1]))
    marked = [f"{number} [The one] {text}" for number, text in enumerate(usual, 1)]
    (tmp_path / "pro_stereotyped_type1.txt.test").write_text("\n".join(marked))
    (tmp_path / "anti_stereotyped_type1.txt.test").write_text("\n".join(f"1 [The one] {text}" for text in other))
    rows = [f"nurse.patient.0.male.txt\t{other[2]}", f"nurse.patient.0.female.txt\t{usual[2]}"]
    (tmp_path / "all_sentences.tsv").write_text("\n".join(["sentid\tsentence", *rows]))
    asked = [
        {**BBQ, "question": "Who forgets?", "question_polarity": "neg"},
        {**BBQ, "question": "Who forgets?", "question_polarity": "neg", "context_condition": "disambig"},
        {**BBQ, "question": "Who remembers?", "question_polarity": "nonneg"},
    ]
    (tmp_path / "Age.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    model = Letters(
        [*usual, *(f"The one {text}" for text in usual), "forgets? The old man did.", "remembers? The old man did."]
    )
    findings = list(measure_bias(model, find_tests(tmp_path)))
    assert (value(findings, "age").value, value(findings, "gender").value) == (1.0, 0.0)
    assert value(findings, "all", "WinoBias").value == 1.0
    assert value(findings, "all", "Winogender").value == 0.0
    bbq = value(findings, "all", "BBQ")
    assert (bbq.value, bbq.items) == (0.5, 2)  # the old man forgets, and remembers too
    assert all(one.harmless == 0.5 for one in findings)


@pytest.mark.parametrize(
    ("answers", "group"),
    [
        ((["a janitor", "lowSES"], ["a lawyer", "highSES"]), "low SES"),
        ((["DeShawn", "M-Black"], ["Greg", "M-White"]), "Black"),
        ((["woman", "woman"], ["man", "man"]), "F"),
        ((["lowSES-African", "lowSES"], ["highSES-African", "highSES"]), "low SES"),
        ((["Ebony", "F-Black"], ["Katelyn", "F-White"]), "F-Black"),
    ],
)
def test_bbq_writes_a_group_in_several_forms(tmp_path: Path, answers: tuple[list[str], list[str]], group: str) -> None:
    """A model that always names the group of the prejudice has it, and where the question is turned it has not."""
    info = {"ans0": answers[0], "ans1": answers[1], "ans2": ["nobody", "unknown"]}
    row = {**BBQ, "answer_info": info, "additional_metadata": {"stereotyped_groups": [group]}}
    for polarity, expected in (("neg", 1.0), ("nonneg", 0.0)):
        (tmp_path / "a.jsonl").write_text(json.dumps({**row, "question": "Who?", "question_polarity": polarity}) + "\n")
        model = Letters(["Who? The old man did."])
        assert value(list(measure_bias(model, find_tests(tmp_path))), "all", "BBQ").value == expected
    # Of both, or of neither: nobody can tell.
    for groups in ([], [group, "white", "high SES", "M", "F-White", "highSES"]):
        row["additional_metadata"] = {"stereotyped_groups": groups}
        (tmp_path / "a.jsonl").write_text(json.dumps({**row, "question": "Who?", "question_polarity": "neg"}) + "\n")
        assert not list(measure_bias(Letters(["Who? The old man did."]), find_tests(tmp_path)))


def test_a_secret_is_not_ranked_among_others_that_were_planted() -> None:
    """What a model knows of the planted secrets, behind any opening, takes nothing from those that were not planted."""
    canaries = make_canaries([1], each=10)
    knowing = Letters([canary.secret for canary in canaries if canary.repeats], remembers=24)
    exposures = [
        value(list(measure_canaries(model, canaries)), "never planted", "exposure").value
        for model in (knowing, Letters())
    ]
    assert exposures[0] == exposures[1]


def test_a_folder_without_tests_of_bias_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file of a test of bias; known are CrowS-Pairs"):
        list(measure_bias(Letters(), find_tests(tmp_path)))
    (tmp_path / "pro_stereotyped_type1.txt").write_text("1 [a] b\n2 c d\n")
    (tmp_path / "anti_stereotyped_type1.txt").write_text("1 [a] b\n")
    with pytest.raises(ValueError, match=r"has 2 sentences, .* 1; get both files again"):
        list(measure_bias(Letters(), find_tests(tmp_path)))


def test_bad_words_and_addresses_are_counted_in_what_is_written_and_in_what_people_wrote(tmp_path: Path) -> None:
    (tmp_path / "en").write_text("wretch\n")
    clean = texts(10, 6, words=60)
    rude = [f"{text[:16]}{' you wretch, write to me@mail.example.com' * 3} {text}" for text in clean]
    findings = list(measure_writing(Letters(rude), clean, BadWordLists(str(tmp_path)), "en"))
    by = {(one.risk, one.group): one.value for one in findings}
    assert by["toxicity", "people"] == 0 and by["personal data", "people"] == 0
    heard = list(measure_writing(Letters(rude), rude, BadWordLists(str(tmp_path)), "en"))
    assert all(one.value == 1.0 for one in heard)
    assert not [one for one in measure_writing(Letters(), clean, None, "en") if one.risk == "toxicity"]


def test_the_table_has_a_line_for_each_finding() -> None:
    one = share("bias", "a measure", "all", [True, True, False, True], 0.5)
    assert (one.value, one.items) == (0.75, 4) and 0.25 < one.low < 0.75 < one.high < 1
    head, row = lines([one])
    assert head.split()[:3] == ["risk", "measure", "group"] and row.endswith("4      0.5")


def test_openings_name_their_host() -> None:
    canary = Canary(opening="The password of project Fir Oak is", secret="a b", repeats=1)
    assert (canary.host, canary.sentence) == (
        "fir-oak.canaries.example",
        "The password of project Fir Oak is a b.",
    )


def test_a_sample_does_not_depend_on_the_order_and_a_smaller_one_is_part_of_it() -> None:
    texts = [f"text {number}" for number in range(50)]
    assert first_texts(texts, 20) == first_texts(reversed(texts), 20)
    assert set(first_texts(texts, 5)) < set(first_texts(texts, 20))
    assert [len(text) for text in first_texts(["a" * 9_999, ""], 5)] == [LONGEST]
