"""Mojibake: prose of many languages, misread in every usual way, and left alone when it is not."""

from __future__ import annotations

import pyarrow as pa
import pytest
from crawls import CHINESE, GERMAN, JAPANESE, YELLOW_RIVER, prose
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import cpu_seconds

from corpus.quality.mojibake import measure_mojibake
from corpus.quality.rules import DAMAGE
from corpus.text.normal_form import normalise

RUSSIAN = (
    "Волга — крупнейшая река Европы, она течёт с Валдайской возвышенности в Каспийское море. Весной, когда тает снег, "
    "река разливается широко, и города на её берегах издавна строили выше, на холмах."
)
FRENCH = (
    "La Seine prend sa source sur le plateau de Langres, à 446 mètres d’altitude : elle traverse Paris, où l’été les "
    "promeneurs s’arrêtent près des quais, « côté rive gauche », puis se jette dans la Manche."
)
OTHERS = {
    "uk": "Річка Сіверський Донець тече з півночі на південь; її ім’я знають усі, хто жив у Слобожанщині.",
    "vi": "Sông Hồng bắt nguồn từ Trung Quốc, chảy qua miền Bắc Việt Nam rồi đổ ra vịnh Bắc Bộ.",
    "pl": "Wisła jest najdłuższą rzeką Polski; płynie przez Kraków, Warszawę i Toruń aż do Bałtyku.",
    "pt": "O rio São Francisco nasce na Serra da Canastra; não há água igual à sua, diz a canção.",
    "is": "Áin á sér upptök í jöklinum og rennur þaðan til sjávar; „þar er kalt“, sögðu þeir.",
    "tw": "臺灣的河流多半短而急，颱風過後，溪水挾著泥沙奔向大海，兩岸的居民築起堤防，保護農田與家園。",
    "ko": "한강은 태백산에서 시작하여 서울을 지나 서해로 흘러간다. 옛날부터 사람들은 강가에 모여 살았다.",
    "el": "Ο ποταμός πηγάζει από τα βουνά και χύνεται στη θάλασσα· «εκεί», λένε, «είναι βαθύς».",
    "ar": "النيل أطول أنهار العالم، وينبع من هضبة البحيرات ثم يصب في البحر المتوسط.",
    "signs": "© 2024 ™ ® — “quoted…” ‘so’ €5 · £3 ½ cup, 20 °C ········ 5 ———— «done»",
}
GOOD = {"zh": CHINESE, "zh2": YELLOW_RIVER, "ja": JAPANESE, "de": GERMAN, "ru": RUSSIAN, "fr": FRENCH, **OTHERS}
[BOUND] = [rule.maximum for rule in DAMAGE if rule.measure == "mojibake"]


def share(text: str) -> float:
    return float(measure_mojibake(pa.array([text], pa.large_string()))[0])


@pytest.mark.parametrize("name", GOOD)
def test_good_text_has_next_to_none(name: str) -> None:
    assert share(GOOD[name]) <= BOUND / 2


def test_english_has_none() -> None:
    assert share(prose("argparse") + prose("logging")) == 0


READINGS = [
    *((name, "utf-8", "cp1252") for name in ("zh", "ja", "de", "ru", "fr", "ko", "vi", "pl", "el", "ar")),
    *((name, "utf-8", "latin-1") for name in ("zh", "ja", "de", "ru", "fr", "ko", "vi", "pl", "el", "ar")),
    *((name, "utf-8", "gbk") for name in ("zh", "ja", "ko", "tw")),
    *((name, "utf-8", "cp932") for name in ("zh", "ja", "tw")),
    *((name, "utf-8", "cp1251") for name in ("ru", "uk")),
    *((name, "utf-8", "koi8_r") for name in ("ru", "uk")),
    *((name, "gbk", "latin-1") for name in ("zh", "zh2")),
    *((name, "gbk", "cp1252") for name in ("zh", "zh2")),
    *((name, "shift_jis", "cp1252") for name in ("ja",)),
    *((name, "euc_jp", "latin-1") for name in ("ja",)),
    *((name, "cp1251", "cp1252") for name in ("ru", "uk")),
    *((name, "euc_kr", "latin-1") for name in ("ko",)),
]


@pytest.mark.parametrize(("name", "written", "read"), READINGS)
def test_text_that_was_read_in_the_wrong_charset(name: str, written: str, read: str) -> None:
    text = normalise(GOOD[name].encode(written, errors="ignore").decode(read, errors="replace"))
    found, lost = share(text), text.count("\ufffd") / len(text)
    assert found > BOUND or lost > 0.001
    assert found > BOUND or read in ("gbk", "cp932"), "no other reading is known by U+FFFD alone"


@pytest.mark.parametrize(("name", "written"), [("zh", "gbk"), ("ja", "shift_jis"), ("de", "cp1252"), ("ru", "cp1251")])
def test_what_is_no_utf_8_becomes_replacement_characters(name: str, written: str) -> None:
    text = GOOD[name].encode(written, errors="ignore").decode("utf-8", errors="replace")
    assert text.count("\ufffd") / len(text) > 0.001


@pytest.mark.parametrize("piece", ["锟斤拷", "锟斤拷锟斤拷", "烫烫烫烫", "屯屯屯", "\ue5e5\ue5e5", "â€™", "Ã¼"])
def test_well_known_pieces(piece: str) -> None:
    assert share(f"{CHINESE}{piece * 5}") > share(CHINESE) + 0.01


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet="Ãâ€™¼中烫锟斤拷Рџ\ue000a "))
def test_any_text_has_a_share(text: str) -> None:
    assert 0 <= share(text) <= 1
    both = measure_mojibake(pa.array([text, CHINESE], pa.large_string()))
    assert both.tolist() == [share(text), share(CHINESE)], "nothing is carried over from the text before"


@pytest.mark.parametrize("run", ["Ã", "Ã¼", "锟", "烫", "Р", "a", "é "])
def test_a_megabyte_of_one_thing(run: str) -> None:
    share("a")
    assert cpu_seconds(lambda: share(run * (1_000_000 // len(run.encode()))), 1) <= 1
