"""Charset: the characters that the author wrote, whatever the server says they are encoded in."""

from __future__ import annotations

import pytest

from corpus.text.charset import decode_html

CHINESE = "这是一个普通的网页，介绍河流、湖泊和雨水从山上流到大海的过程。"
TAIWANESE = "這是一個普通的網頁，裏面介紹河流、湖泊和雨水從山上流到大海的過程。"
JAPANESE = "これは川と湖について書かれた普通のページです。①雨水は山から海へ流れます。髙橋さんの文章。"
KOREAN = "이것은 강과 호수에 대한 평범한 웹 페이지입니다. 똠방각하와 펲시콜라도 나옵니다."
RUSSIAN = "Это обычная страница о реках и озёрах: дождевая вода течёт с гор в море."
GREEK = "Αυτή είναι μια συνηθισμένη σελίδα για ποτάμια και λίμνες."
GERMAN = "Das Wasser fließt über Hügel und Täler, grüßt die Dörfer und ergießt sich ins Meer."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy u řeky."

ENCODED = {
    "gbk": CHINESE,
    "gb18030": CHINESE,
    "big5hkscs": TAIWANESE,
    "cp932": JAPANESE,
    "euc_jp": JAPANESE.replace("①", "").replace("髙", "高"),
    "cp949": KOREAN,
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN.replace("ё", "е"),
    "iso8859-7": GREEK,
}


def page(text: str, encoding: str, meta: str | None = None) -> bytes:
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={meta}">' if meta else ""
    return f"<html><head>{head}<title>River</title></head><body><p>{text * 4}</p></body></html>".encode(encoding)


def text_of(html: bytes, declared: str | None) -> str:
    decoded = decode_html(html, declared)
    assert decoded is not None
    return decoded[0]


@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "windows-1252", "no-such-charset"])
@pytest.mark.parametrize("encoding", ENCODED)
def test_a_wrong_or_missing_charset_does_not_lose_the_text(encoding: str, declared: str | None) -> None:
    assert ENCODED[encoding] in text_of(page(ENCODED[encoding], encoding), declared)


@pytest.mark.parametrize("declared", ["windows-1251", "windows-1253", "windows-1256", "koi8-r"])
@pytest.mark.parametrize("encoding", ["gbk", "big5hkscs", "cp932", "euc_jp", "cp949"])
def test_a_charset_of_one_byte_wrongly_declared_does_not_lose_an_east_asian_text(encoding: str, declared: str) -> None:
    assert ENCODED[encoding] in text_of(page(ENCODED[encoding], encoding), declared)
    assert ENCODED[encoding] in text_of(page(ENCODED[encoding], encoding, meta=declared), None)


@pytest.mark.parametrize("text", [RUSSIAN, GREEK])
def test_a_charset_of_one_byte_rightly_declared_is_believed(text: str) -> None:
    encoding = "cp1251" if text is RUSSIAN else "cp1253"
    assert text in text_of(page(text, encoding), encoding)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("gb2312", "gb18030"), ("big5", "big5hkscs"), ("shift_jis", "cp932"), ("euc-kr", "cp949"), ("x-sjis", "cp932")],
)
def test_the_extra_characters_that_browsers_read_are_read(declared: str, encoding: str) -> None:
    html = page(ENCODED[encoding], encoding)
    assert ENCODED[encoding] in text_of(html, declared)
    assert ENCODED[encoding] in text_of(page(ENCODED[encoding], encoding, meta=declared), None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("declared", [None, "iso-8859-1", "gbk"])
def test_a_byte_order_mark_is_believed(encoding: str, declared: str | None) -> None:
    text = text_of(page(CHINESE, encoding), declared)
    assert text.startswith("<html>") and CHINESE in text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [CHINESE, RUSSIAN, "Water runs downhill."])
def test_utf16_shows_without_its_mark(encoding: str, text: str) -> None:
    assert text in text_of(page(text, encoding), None)


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1251", "gbk", "shift_jis", None])
@pytest.mark.parametrize("text", [CHINESE, JAPANESE, RUSSIAN, GERMAN, CZECH])
def test_valid_utf8_is_utf8_whatever_is_declared(text: str, declared: str | None) -> None:
    assert decode_html(page(text, "utf-8"), declared) == (page(text, "utf-8").decode(), "utf-8")


@pytest.mark.parametrize("declared", ["utf-8", None, "iso-8859-1"])
def test_a_few_broken_bytes_leave_utf8_readable(declared: str | None) -> None:
    for text in (GERMAN, CHINESE, RUSSIAN):
        html = page(text * 50, "utf-8").replace(b"</p>", b"\xe4\xb8</p>")
        assert text_of(html, declared).count(text) == 200


def test_latin_text_stays_latin() -> None:
    for declared in ("iso-8859-1", "windows-1252", None):
        assert GERMAN in text_of(page(GERMAN, "cp1252"), declared)
    assert CZECH in text_of(page(CZECH, "cp1250"), "windows-1250")
    few = "A long English page about rivers. " * 400 + "The café is by the river: MÁS AGUA. "
    assert few in text_of(page(few, "cp1252"), "iso-8859-1")


def test_iso_2022_jp_is_seven_bit_and_not_ascii() -> None:
    text = JAPANESE.replace("①", "").replace("髙", "高")
    assert text in text_of(page(text, "iso2022_jp"), "iso-2022-jp")
    assert text in text_of(page(text, "iso2022_jp"), None)


def test_the_header_comes_before_the_meta_element() -> None:
    html = page(CZECH, "cp1250", meta="iso-8859-1")
    assert CZECH in text_of(html, "windows-1250")
    assert CZECH in text_of(page(CZECH, "cp1250", meta="windows-1250"), None)


def test_what_nothing_decodes_is_undecodable() -> None:
    assert decode_html(b"<html>" + bytes(range(128, 256)) * 30, "utf-8") is None
    assert decode_html(b"\xff\xfe" + b"<", None) is None, "half a character of UTF-16"


def test_an_empty_page_is_empty() -> None:
    assert decode_html(b"", None) == ("", "utf-8")


HARBOUR_GERMAN = "Für die Überfahrt nach Norden wird größere Vorsicht empfohlen, schrieb der Hafenmeister zögernd. "
HARBOUR_CHINESE = "从下个月起，所有进港的船只都必须在港务局登记，并且缴纳一次性的停泊费用。"
HARBOUR_RUSSIAN = "Портовая контора ведёт книгу всех судов, которые остаются на ночь. "
HARBOUR_JAPANESE = "港の事務所では、毎晩停泊する船の名前を帳面に書き、次の朝に読み上げることになっている。"
HARBOUR_KOREAN = "항구 사무소는 매일 밤 정박하는 모든 배의 이름을 장부에 적어 둔다. "


@pytest.mark.parametrize(
    ("text", "encoding", "label", "odd"),
    [
        (HARBOUR_GERMAN, "utf-8", "utf-8", b"\xa9"),
        ("It costs “five” pounds, says the clerk. ", "utf-8", "UTF8", b"\x93"),
        (HARBOUR_CHINESE, "gb2312", "gb2312", b"\xd6"),
        (HARBOUR_CHINESE, "gbk", "x-gbk", b"\xff"),
        ("港務局每晚登記所有進港的船隻，並且收取停泊費用。", "big5", "big5", b"\x80"),
        (HARBOUR_JAPANESE, "shift_jis", "x-sjis", b"\xff"),
        (HARBOUR_JAPANESE, "euc_jp", "euc-jp", b"\xff"),
        (HARBOUR_KOREAN, "euc_kr", "ks_c_5601-1987", b"\xff"),
        (HARBOUR_RUSSIAN, "cp1251", "windows-1251", b"\x98"),
        (HARBOUR_GERMAN, "cp1252", "iso-8859-1", b"\x81"),
    ],
)
@pytest.mark.parametrize("where", ["header", "meta"])
def test_an_odd_byte_costs_itself_alone(text: str, encoding: str, label: str, odd: bytes, where: str) -> None:
    head = f'<meta charset="{label}">' if where == "meta" else ""
    before, after = (f"<p>{text * 20}</p>".encode(encoding) for _ in range(2))
    decoded = decode_html(head.encode() + before + b"<p>" + odd + b"</p>" + after, label if where == "header" else None)
    assert decoded is not None
    assert decoded[0].count(text) == 40, decoded[1]
    assert decoded[0].count("\ufffd") <= 1


@pytest.mark.parametrize(
    ("text", "encoding"), [(HARBOUR_GERMAN, "utf-8"), (HARBOUR_CHINESE, "gb18030"), (HARBOUR_JAPANESE, "shift_jis")]
)
def test_a_page_that_is_cut_within_a_character_keeps_the_others(text: str, encoding: str) -> None:
    whole = f'<meta charset="{encoding}"><p>{text * 5}'.encode(encoding)
    letter = "ü" if encoding == "utf-8" else text[0]
    decoded = decode_html(whole + letter.encode(encoding)[:1], None)
    assert decoded is not None and decoded[0].startswith(whole.decode(encoding)), decoded


@pytest.mark.parametrize("label", ["utf-8", "utf-16", "gb2312", "shift_jis"])
def test_a_label_that_is_simply_wrong_is_not_believed(label: str) -> None:
    decoded = decode_html(f'<meta charset="{label}"><p>{HARBOUR_GERMAN * 20}'.encode("cp1252"), None)
    assert decoded is not None and HARBOUR_GERMAN in decoded[0], decoded


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("utf8mb4", "utf-8", HARBOUR_GERMAN),
        ("x-mac-cyrillic", "mac_cyrillic", HARBOUR_RUSSIAN),
        ("hz-gb-2312", "hz", HARBOUR_CHINESE),
        ("windows-936", "gbk", HARBOUR_CHINESE),
        ("utf-8;", "utf-8", HARBOUR_GERMAN),
        ("ISO-8859-8-I", "iso8859-8", "שלום לכל הספינות בנמל. "),
    ],
)
def test_labels_that_pages_use_are_known(label: str, encoding: str, text: str) -> None:
    decoded = decode_html(f"<p>{text * 3}</p>".encode(encoding), label)
    assert decoded is not None and text in decoded[0]
