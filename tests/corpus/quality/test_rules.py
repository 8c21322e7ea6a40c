"""Rules: what a rule drops, with its value and its bound; and what it must leave alone."""

from __future__ import annotations

import pyarrow as pa
import pytest
from crawls import CHINESE, GERMAN, JAPANESE

from corpus.language.languages import LANGUAGES
from corpus.quality.measurement import measure_texts
from corpus.quality.measures import NAMES
from corpus.quality.rules import (
    C4,
    DAMAGE,
    DEFAULT,
    FINEWEB,
    GOPHER_QUALITY,
    GOPHER_REPETITION,
    LISTS,
    REPETITION,
    Bounds,
    Failure,
    Rule,
    apply_rules,
)

RULES = (*GOPHER_QUALITY, *GOPHER_REPETITION, *C4, *FINEWEB, *REPETITION, *LISTS, *DAMAGE)
SENTENCES = [
    "The rain that falls on the hills gathers in brooks and the brooks run to one river.",
    "It carries sand and stones with it, and lays them down where its bed is flat.",
    "People have built mills along its banks, to be near the water and the road.",
    "Where it meets the sea, an island of mud grows a little wider every year.",
]
GOOD = "\n".join(SENTENCES)


def measured(text: str, language: str = "en") -> pa.RecordBatch:
    return measure_texts(pa.array([text], pa.large_string()), [language])


def failed(text: str, language: str = "en", score: float = 0.9, rules: tuple[Rule, ...] = RULES) -> dict[str, Failure]:
    found = apply_rules(measured(text, language), [language], [score], rules, minimum_score=0.3)
    return {failure.rule: failure for failure in found.get(0, ())}


def test_a_good_page_stays() -> None:
    assert failed(GOOD) == {}


ONE = " ".join(SENTENCES)
# n-grams that no word of the other sentences is in: with `times` of them they are most of the text.
SAID = "he said it all again so that nobody could forget what it was about "
BAD: dict[str, tuple[str, float | None, float]] = {
    "gopher_words": ("\n".join(SENTENCES[:1]), 17, 50),
    "gopher_mean_word_length": ("a of to be " * 20 + GOOD, None, 3),
    "gopher_symbols": (GOOD + " #" * 30, None, 0.1),
    "gopher_bullet_lines": ("\n".join(f"- {line}" for line in SENTENCES), 1, 0.9),
    "gopher_ellipsis_lines": ("\n".join(f"{line}..." for line in SENTENCES[:2]) + "\n" + GOOD, 1 / 3, 0.3),
    "gopher_alphabetic_words": (GOOD + " 12" * 40, 63 / 103, 0.8),
    "gopher_stop_words": ("rivers carry sand downhill " * 20, 0, 2),
    "gopher_duplicate_lines": ("\n".join([GOOD] * 3), 2 / 3, 0.3),
    "gopher_duplicate_paragraphs": ("\n\n".join([GOOD] * 3), 2 / 3, 0.3),
    "gopher_duplicate_line_characters": ("\n".join([GOOD] * 3), 2 / 3, 0.2),
    "gopher_duplicate_paragraph_characters": ("\n\n".join([GOOD] * 3), 2 / 3, 0.2),
    **{f"gopher_top_{n}gram": (GOOD + " so it goes on" * 30, None, {2: 0.2, 3: 0.18, 4: 0.16}[n]) for n in (2, 3, 4)},
    **{f"gopher_duplicate_{n}grams": (GOOD + SAID * 4, None, (20 - n) / 100) for n in range(5, 11)},
    "c4_sentences": (f"{SENTENCES[0]}\n{SENTENCES[1]}\nmenu\nlogin", 2, 3),
    "c4_lorem_ipsum": (GOOD + " Lorem ipsum dolor.", 1, 0),
    "c4_braces": (GOOD + " {", None, 0),
    "fineweb_punctuated_lines": ("\n".join(line.rstrip(".") for line in SENTENCES), 0, 0.12),
    "fineweb_duplicate_line_characters": ("\n".join([GOOD] * 3), 2 / 3, 0.1),
    "fineweb_short_lines": ("\n".join(ONE.split()), 1, 0.67),
    "fineweb_lines_per_word": ("\n".join(ONE.split()), 1, 0.3),
    "duplicate_lines": ("\n".join([GOOD] * 3), 2 / 3, 0.5),
    "duplicate_line_characters": ("\n".join([GOOD] * 3), 2 / 3, 0.33),
    "duplicate_paragraph_characters": ("\n\n".join([GOOD] * 3), 2 / 3, 0.2),
    **{f"top_{n}gram": (GOOD + " so it goes on" * 30, None, {2: 0.2, 3: 0.18, 4: 0.16}[n]) for n in (2, 3, 4)},
    "duplicate_5grams": (GOOD + SAID * 8, None, 0.45),
    "duplicate_10grams": (GOOD + SAID * 8, None, 0.39),
    "lines_per_word": ("\n".join(ONE.split()), 1, 0.3),
    "replacement_characters": (GOOD + "\ufffd" * 3, None, 0.001),
    "mojibake": (GOOD + " It’s “here” – isn’t it?".encode().decode("cp1252", errors="ignore"), None, 0.005),
}


def test_every_rule_of_the_table_has_a_text_that_it_drops() -> None:
    assert {rule.name for rule in RULES} == set(BAD)
    assert {rule.measure for rule in RULES} <= set(NAMES)


@pytest.mark.parametrize("name", BAD)
def test_a_failing_rule_is_reported_with_value_and_bound(name: str) -> None:
    text, value, threshold = BAD[name]
    found = failed(text)[name]
    assert found.threshold == threshold
    [measure_name] = {rule.measure for rule in RULES if rule.name == name}
    assert found.value == measured(text)[measure_name][0].as_py()
    if value is not None:
        assert found.value == pytest.approx(value)


def test_the_upper_bounds_hold_too() -> None:
    assert failed("pneumonoultramicroscopic " * 60 + "the and of")["gopher_mean_word_length"].threshold == 10
    assert failed("the river and the hill " * 20_001)["gopher_words"].threshold == 100_000
    assert "gopher_words" not in failed("the river and the hill " * 20_001, rules=DEFAULT), "a book"


def test_a_value_at_its_bound_stays() -> None:
    rules = (Rule(name="low", measure="words", minimum=4), Rule(name="high", measure="words", maximum=4))
    assert [list(failed("a " * count, rules=rules)) for count in (3, 4, 5)] == [["low"], [], ["high"]]


def test_bounds_by_language() -> None:
    rule = Rule(name="r", measure="words", minimum=4, others=(Bounds(languages=("zh", "ja"), minimum=6),))
    assert failed("a b c d e", "en", rules=(rule,)) == {}
    assert failed("a b c d e", "ja", rules=(rule,))["r"].threshold == 6
    only = Rule(name="r", measure="words", minimum=9, languages=("en", "de"), exempt=("de",))
    assert [list(failed("a b", code, rules=(only,))) for code in ("en", "de", "zh")] == [["r"], [], []]


def test_a_rule_needs_a_measure_that_there_is() -> None:
    with pytest.raises(ValueError, match="there is no measure 'wordz'"):
        Rule(name="r", measure="wordz")


def test_a_batch_is_judged_as_each_document_alone() -> None:
    texts = [GOOD, *(text for text, _, _ in BAD.values()), *OTHERS.values(), ""]
    codes = ["en"] * (len(BAD) + 1) + [*OTHERS, "und"]
    scores = [0.9 if place % 5 else 0.1 for place in range(len(texts))]
    together = apply_rules(measure_texts(pa.array(texts, pa.large_string()), codes), codes, scores, RULES, 0.3)
    for place, text in enumerate(texts):
        alone = apply_rules(measured(text, codes[place]), [codes[place]], [scores[place]], RULES, 0.3)
        assert together.get(place) == alone.get(0)
    assert list(together) == sorted(together)


def test_all_failing_rules_are_reported_in_the_order_of_the_table() -> None:
    found = list(failed("- 1 2 # # \ufffd...\n" * 3, "en", 0.1))
    assert found[:5] == ["language_score", *(rule.name for rule in GOPHER_QUALITY[:4])]
    order = ["language_score", *(rule.name for rule in RULES)]
    assert found == sorted(found, key=order.index)
    assert failed("x", "en", 0.1)["language_score"] == Failure(rule="language_score", value=0.1, threshold=0.3)


def test_an_undetermined_language_fails_whatever_its_score() -> None:
    assert list(failed(GOOD, "und", 0.9)) == ["language_score"]
    assert failed(GOOD, "en", 0.3) == {}, "the bound itself is enough"


def test_bounds_are_wider_where_words_differ_from_english_and_never_narrower() -> None:
    words, lengths = GOPHER_QUALITY[:2]
    for code in (*LANGUAGES, "xx"):
        low, high = lengths.bounds(code)
        assert low <= 3 and high >= 10
        least, most = words.bounds(code)
        assert most >= 100_000 and least <= 50
    assert words.bounds("xx") == (50, 100_000) and lengths.bounds("xx") == (3, 10), "as English"
    assert lengths.bounds("ko")[0] < 2.3 and lengths.bounds("fi")[1] > 14 and words.bounds("zh") == (50, 140_000)


OTHERS = {
    "zh": CHINESE,
    "ja": JAPANESE + "丘に降った雨は小川に集まり、小川はやがて一つの川になる。川は砂や石を運び、平らな所に置いていく。",
    "th": "แม่น้ำเจ้าพระยาเป็นแม่น้ำสายหลักของประเทศไทย เกิดจากการรวมตัวของแม่น้ำสายใหญ่สองสายที่จังหวัดนครสวรรค์ "
    "แล้วไหลลงสู่อ่าวไทยทางทิศใต้ ผู้คนตั้งบ้านเรือนริมฝั่งมานานหลายร้อยปี ใช้น้ำทำนาและเดินทางค้าขาย",
    "ko": "언덕에 내린 비는 개울로 모이고 그 물은 다시 큰 강이 되어 먼 바다로 흘러 간다. 강은 모래와 돌을 옮긴다. "
    "사람들은 오래 전부터 물과 길에 가까이 있기 위해 강가에 마을을 세웠다. 봄에 눈이 녹으면 강물이 불어나서 "
    "둑을 높이 쌓아야 한다. 바다와 만나는 곳에는 해마다 조금씩 넓어지는 진흙 섬이 있다.",
    "hi": "भारत दक्षिण एशिया में स्थित सबसे बड़ा देश है। यह क्षेत्रफल की दृष्टि से विश्व का सातवाँ बड़ा देश है और जनसंख्या में "
    "पहला। इसके उत्तर में हिमालय पर्वत है, दक्षिण में हिन्द महासागर और पश्चिम में अरब सागर। गंगा और यमुना जैसी नदियाँ "
    "पहाड़ों से निकलकर मैदानों को सींचती हैं। बरसात के मौसम में उनका पानी खेतों तक पहुँचता है।",
    "ru": "Дождь, который выпадает на холмах, собирается в ручьи, а ручьи сливаются в одну большую реку. Она несёт с "
    "собой песок и камни и оставляет их там, где русло становится ровным. Люди строили на её берегах мельницы, чтобы "
    "быть ближе к воде и к дороге. У моря из ила растёт остров, и каждый год он становится немного шире.",
    "de": GERMAN,
}


@pytest.mark.parametrize("language", OTHERS)
def test_other_languages_stay(language: str) -> None:
    assert failed(OTHERS[language], language, rules=DEFAULT) == {}


def test_stop_words_are_asked_of_languages_that_have_a_list() -> None:
    text = BAD["gopher_stop_words"][0]
    assert "gopher_stop_words" in failed(text, "en") and "gopher_stop_words" in failed(text, "nl")
    assert "gopher_stop_words" not in failed(text, "xx")
