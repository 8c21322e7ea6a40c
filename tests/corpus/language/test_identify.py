"""Language: the label that a reader would give, and "und" where there is nothing to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import cpu_seconds

from benchmarks.language import SENTENCES, accuracy, largest, sentences
from corpus.language.identify import UNKNOWN, WINDOW, identify_languages

TEXTS = {
    "af": "Die reën wat op die heuwels val, versamel in spruite, en die spruite word uiteindelik een groot rivier.",
    "ar": "المطر الذي يسقط على التلال يتجمع في الجداول ثم تجتمع الجداول في نهر واحد.",
    "bg": "Дъждът, който вали по хълмовете, се събира в потоци, а потоците се сливат в една река.",
    "bn": "পাহাড়ে যে বৃষ্টি পড়ে তা ঝরনায় জমা হয়, আর ঝরনাগুলি মিলে একটি নদী হয়।",
    "cs": "Déšť, který padá na kopce, se sbírá v potocích a potoky se spojují v jednu řeku.",
    "de": "Der Regen, der auf die Hügel fällt, sammelt sich in Bächen, und die Bäche werden zu einem Fluss.",
    "el": "Η βροχή που πέφτει στους λόφους μαζεύεται σε ρυάκια, και τα ρυάκια γίνονται ένα ποτάμι.",
    "en": "The rain that falls on the hills gathers in brooks, and the brooks run together into one river.",
    "es": "La lluvia que cae sobre las colinas se junta en arroyos, y los arroyos forman un solo río.",
    "fa": "بارانی که بر تپه‌ها می‌بارد در جویبارها جمع می‌شود و جویبارها به یک رودخانه می‌پیوندند.",
    "fi": "Sade, joka lankeaa kukkuloille, kerääntyy puroihin, ja puroista tulee lopulta yksi joki.",
    "fr": "La pluie qui tombe sur les collines se rassemble en ruisseaux, et les ruisseaux forment une rivière.",
    "he": "הגשם שיורד על הגבעות מתאסף בנחלים, והנחלים מתחברים לנהר אחד גדול.",
    "hi": "पहाड़ियों पर जो बारिश होती है वह नालों में इकट्ठा होती है, और नाले मिलकर एक नदी बन जाते हैं।",
    "id": "Hujan yang jatuh di perbukitan berkumpul di anak sungai karena air selalu bisa mencari jalan ke bawah.",
    "it": "La pioggia che cade sulle colline si raccoglie nei ruscelli, e i ruscelli diventano un fiume.",
    "ja": "丘に降った雨は小川に集まり、小川はやがて一つの川になって海へ流れていきます。",
    "ka": "წვიმა, რომელიც ბორცვებზე მოდის, ნაკადულებში გროვდება და ერთ მდინარედ იქცევა.",
    "kk": "Төбелерге жауған жаңбыр бұлақтарға жиналып, бұлақтар бір үлкен өзенге айналады.",
    "ko": "언덕에 내린 비는 개울로 모이고, 개울은 하나의 강이 되어 바다로 흘러갑니다.",
    "mk": "Дождот што паѓа на ридовите се собира во потоци, а потоците се спојуваат во една река.",
    "nl": "De regen die op de heuvels valt verzamelt zich in beken, en de beken worden samen één rivier.",
    "pl": "Deszcz, który pada na wzgórza, zbiera się w strumieniach, a strumienie łączą się w jedną rzekę.",
    "pt": "A chuva que cai sobre as colinas junta-se em riachos, e os riachos formam um só rio.",
    "ru": "Дождь, который выпадает на холмах, собирается в ручьи, а ручьи сливаются в одну реку.",
    "sv": "Regnet som faller på kullarna samlas i bäckar, och bäckarna rinner ihop till en enda flod.",
    "sw": "Mvua inayonyesha juu ya vilima hukusanyika katika vijito, na vijito huungana kuwa mto mmoja.",
    "th": "ฝนที่ตกบนเนินเขาไหลรวมกันเป็นลำธาร และลำธารก็รวมกันเป็นแม่น้ำสายเดียว",
    "tl": "Ang ulan na bumabagsak sa mga burol ay naiipon sa mga sapa, at ang mga sapa ay nagiging isang ilog.",
    "tr": "Tepelere yağan yağmur derelerde toplanır, dereler de birleşip tek bir ırmak olur.",
    "uk": "Дощ, що випадає на пагорбах, збирається у струмки, а струмки зливаються в одну річку.",
    "ur": "پہاڑیوں پر جو بارش ہوتی ہے وہ نالوں میں جمع ہوتی ہے اور نالے مل کر ایک دریا بن جاتے ہیں۔",
    "vi": "Mưa rơi trên những ngọn đồi tụ lại thành suối, và những con suối hợp thành một dòng sông.",
    "yi": "דער רעגן וואָס פֿאַלט אויף די בערגלעך זאַמלט זיך אין טײַכלעך.",
    "zh": "落在山上的雨水汇成小溪，小溪又汇成一条大河，最后流进大海。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_plain_sentences(language: str) -> None:
    ((found, score),) = identify_languages([TEXTS[language]])
    assert found == language
    assert 0.5 < score <= 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("山高水長", "zh"),
        ("臺灣的雨水很多，河流也很急。", "zh"),
        ("优の良品今天开门了，欢迎大家来买东西。", "zh"),  # a lone kana is an ornament
        ("大統領は奴隷制度を廃止した。", "ja"),
        ("ﾃﾞｰﾀﾍﾞｰｽ", "ja"),
        ("大韓民國의 首都는 서울이다.", "ko"),
        ("한국어", "ko"),
        ("iPhone 15 Pro 的价格比去年便宜了不少。", "zh"),
        ("このページではPythonとJavaScriptを説明します。", "ja"),
    ],
)
def test_chinese_japanese_and_korean_are_told_by_their_script(text: str, language: str) -> None:
    assert identify_languages([text])[0][0] == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Пада киша и ја чекам аутобус испред куће.", "sr"),
        ("Gde je nestalo moje mleko? Uvek ga neko popije pre mene.", "sr"),
        ("Gdje je nestalo moje mlijeko? Uvijek ga netko popije prije mene.", "hr"),
        ("בְּרֵאשִׁית בָּרָא אֱלֹהִים אֵת הַשָּׁמַיִם וְאֵת הָאָרֶץ", "he"),
        ("পাহাৰত বৰষুণ পৰিছে", "as"),
    ],
)
def test_neighbours_in_one_script(text: str, language: str) -> None:
    assert identify_languages([text])[0][0] == language


NOTHING = ["", " \n\t", "🎉🎉 🚀", "12345 67.8%", "… — !!! ???", "\u200d", "_____", "\0", "\ud800"]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_to_read_is_undetermined(text: str) -> None:
    assert identify_languages([text]) == [(UNKNOWN, 0.0)]


def test_odd_texts_get_some_label() -> None:
    code = "def f(x):\n    return x ** 2\n"
    odd = ["x", code, TEXTS["en"] + TEXTS["zh"], "a" * 100_000, "ﷺ", "𝔘𝔫𝔦", "\0a\0", "\ud800a"]
    for language, score in identify_languages(odd):
        assert language and 0 <= score <= 1


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_gets_a_label_and_a_score(text: str) -> None:
    ((language, score),) = identify_languages([text])
    assert 2 <= len(language) <= 3 and 0 <= score <= 1


def test_what_is_no_language_stays_under_the_threshold() -> None:
    for text in ("x", "a" * 1_000, "for (i = 0; i < n; i++) { x[i] += y[i] }", "qwrtp sdfgh zxcvb 123 xkcd"):
        assert identify_languages([text])[0][1] < 0.3, text


def test_control_characters_and_halves_of_pairs_change_nothing() -> None:
    for language in ("en", "zh", "ru"):
        dirty = TEXTS[language].replace(" ", " \0\ud83d ")
        assert identify_languages([dirty]) == identify_languages([TEXTS[language]])


def test_a_text_has_its_label_whatever_stands_beside_it() -> None:
    texts = list(TEXTS.values())
    alone = [identify_languages([text])[0] for text in texts]
    assert identify_languages(texts) == alone
    assert identify_languages(texts[::-1]) == alone[::-1]


def test_a_long_page_is_read_in_three_places() -> None:
    notice = TEXTS["en"] + "\n"
    page = notice + "\n".join([TEXTS["de"]] * WINDOW) + "\n" + notice
    assert identify_languages([page])[0][0] == "de"


def test_menu_and_code_do_not_hide_the_paragraphs() -> None:
    menu = "\n".join(["Home", "About us", "Contact", "Sign in", "Search", "Terms of use", "Privacy"] * 5)
    for language in ("de", "pl", "zh", "ar"):
        paragraphs = "\n".join([TEXTS[language] * 4] * 3)
        assert identify_languages([f"{menu}\n{paragraphs}\n{menu}"])[0][0] == language


def test_a_share_of_another_script_costs_score() -> None:
    (_, pure), (language, mixed) = identify_languages([TEXTS["el"], TEXTS["el"] + " Hello world"])
    assert language == "el" and mixed < pure


def test_ten_million_characters_take_no_longer_than_a_page() -> None:
    texts = [TEXTS["ru"] * 120_000, "字" * 10_000_000, "\n" * 10_000_000]
    identify_languages(["warm up"])
    assert cpu_seconds(lambda: identify_languages(texts), 0.5) <= 0.5
    assert [language for language, _ in identify_languages(texts)] == ["ru", "zh", UNKNOWN]


def test_no_texts_no_labels() -> None:
    assert identify_languages([]) == []


@pytest.mark.skipif(not SENTENCES.is_dir(), reason=f"the sentences of Tatoeba are not at {SENTENCES}")
def test_accuracy_on_short_sentences() -> None:
    rows = sentences(at_most=100)
    right = accuracy(rows, [language for language, _ in identify_languages([row.text for row in rows])])
    names = largest(sentences())
    assert len(names) >= 40
    assert sum(right[name] for name in names) / len(names) >= 0.95
    assert right["zh"] == right["ko"] == 1.0 and right["ja"] >= 0.99
