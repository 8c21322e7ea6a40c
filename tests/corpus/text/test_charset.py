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
