"""Faults of pages: each row of the fault table under "Extract and clean" by its name. What a row says of single
functions is held by the tests that tests/test_faults.py names."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from accounts import account
from crawls import CHINESE, GERMAN, JAPANESE
from warc_bytes import http, member, read, record

from corpus.archive.encodings import decode_body as undo
from corpus.extract.config import ExtractConfig
from corpus.extract.page import extract_page
from corpus.language import identify as language
from corpus.optout.signals import find_refusal
from corpus.privacy import mask as privacy
from corpus.quality import measurement as quality
from corpus.sources.kinds import detect_source
from corpus.text.charset import decode_html
from corpus.text.normal_form import INVISIBLE, normalise, words

RUSSIAN = "Волга течёт с севера на юг и впадает в Каспийское море. На её берегах стоят большие города. " * 4
TAIWANESE = "這是一個普通的網頁，裏面介紹河流、湖泊和雨水從山上流到大海的過程。" * 6
POLISH = "Wisła płynie z gór na północ i wpada do morza. Nad jej brzegami leżą duże miasta, źródła są w górach. " * 4


def page(text: str, charset: str) -> bytes:
    return f"<html><body><article><p>{text}</p></article></body></html>".encode(charset)


# Declared charset wrong, UTF-16 with and without BOM, mixed -----------------------------------------------------------

CHARSETS = {
    "GBK": (CHINESE, "gb18030"),
    "Big5": (TAIWANESE, "big5hkscs"),
    "Shift_JIS": (JAPANESE, "cp932"),
    "windows-1251": (RUSSIAN, "cp1251"),
    "windows-1252": (GERMAN, "cp1252"),
    "UTF-8": (CHINESE, "utf-8"),
    "UTF-16 with BOM": (CHINESE, "utf-16"),
    "UTF-16 without BOM": (RUSSIAN, "utf-16-le"),
    "UTF-16 without BOM, big-endian": (GERMAN, "utf-16-be"),
}


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "no-such-charset"])
@pytest.mark.parametrize("name", CHARSETS)
def test_declared_charset_wrong_utf_16_with_and_without_bom_mixed(name: str, declared: str, tmp_path: Path) -> None:
    text, charset = CHARSETS[name]
    data = member(record(http(page(text, charset), kind=f"text/html; charset={declared}")))
    found = account(tmp_path, {"a.warc.gz": data})
    assert text.strip() in found.documents[0]["text"]


def test_declared_windows_1250_is_believed(tmp_path: Path) -> None:
    data = member(record(http(page(POLISH, "cp1250"), kind="text/html; charset=windows-1250")))
    assert POLISH.strip() in account(tmp_path, {"a.warc.gz": data}).documents[0]["text"]


def test_mixed_charsets_are_read_or_dropped(tmp_path: Path) -> None:
    mostly = page(GERMAN * 20, "utf-8").replace(b"</p>", "grüßt".encode("cp1252") + b"</p>")
    nothing = b"<html><p>" + bytes(range(128, 256)) * 30
    found = account(tmp_path, {"a.warc.gz": member(record(http(mostly))) + member(record(http(nothing)))})
    assert GERMAN in found.documents[0]["text"]
    assert found.lost == [("dropped", "undecodable")]


# NUL, lone surrogates, bidi and zero-width characters -----------------------------------------------------------------


def test_nul_lone_surrogates_bidi_and_zero_width_characters(tmp_path: Path) -> None:
    odd = "Water\0 runs &#0;down\u202ehill\u202c, &#xD800;and the\u200b river \ufefftakes it &#x202E;to the sea. " * 9
    found = account(tmp_path, {"a.warc.gz": member(record(http(page(odd, "utf-8"))))})
    text = found.documents[0]["text"]
    assert not INVISIBLE.search(text) and normalise(text) == text
    assert "the river takes it to the sea." in text


# Nesting 10^5 deep; one 100 MB line; a parser crash or hang -----------------------------------------------------------

GOOD = "<p>The river takes the water to the sea, as rivers have done since there was rain.</p>" * 5


@pytest.mark.parametrize("tag", ["div", "b", "font", "table><tr><td", "ul><li", "a href=x", "x-y", "svg><g", "span"])
def test_nesting_100_000_deep(tag: str, tmp_path: Path) -> None:
    """The page is read or dropped within seconds; the next one is unaffected."""
    deep = f"<html><body>{f'<{tag}>' * 100_000}{GOOD}</body></html>".encode()
    began = time.process_time()
    found = account(tmp_path, {"a.warc.gz": member(record(http(deep))) + member(record(http(page(GOOD, "utf-8"))))})
    assert time.process_time() - began < 20
    assert found.counts.records_in == 2 and found.documents[-1]["warc_offset"] > 0


def test_one_100_mb_line(tmp_path: Path) -> None:
    """Above the cap it is dropped; below it, it is read in bounded time."""
    long = b"<p>" + b"water " * (9 << 20 >> 3)
    huge = b"<p>" + b"water " * (100_000_000 // 6)
    records = [record(http(huge)), record(http(long)), record(http(page(GOOD, "utf-8")))]
    began = time.process_time()
    found = account(tmp_path, {"a.warc.gz": b"".join(map(member, records))})
    assert time.process_time() - began < 20
    assert found.lost == [("dropped", "too_large")] and found.counts.kept == 2


# Regular expressions --------------------------------------------------------------------------------------------------

UNITS = (
    *(" ", "a", "a ", "1", "1 ", "-", ".", "\n", "\r\n", "<", "<a ", "</", "[", "(", "&", "%", "@", "/", ":", "=", '"'),
    *(
        "WARC/",
        "WARC/1.0\n",
        "http://",
        "http://a ",
        "\nhttp://a 1 20060102030405 x ",
        "<meta ",
        "<!--",
        "a@a.",
        "1.1.1.1",
    ),
    *("-----BEGIN ", "+1 (555) ", "\u0301", "水", "noai,", "Aa1_", "charset=", "\x1b$B", "\ufffd", "{", "a:b;"),
)
LENGTH = 25_000
TEXT = "".join(unit * (LENGTH // len(unit)) for unit in UNITS)  # 1 MB
SECONDS = 15.0  # of processor time; most take one

READERS: dict[str, Callable[[str], object]] = {
    "normaliser": normalise,
    "words": words,
    "charset": lambda text: decode_html(text.encode(), None),
    "charset without UTF-8": lambda text: decode_html(text.encode() + b"\xff\xfe\x80" * 999, "no-such-charset"),
    "opt-out": lambda text: find_refusal([("X-Robots-Tag", text)], text.encode()),
    "extraction": lambda text: extract_page(text.encode(), None, ExtractConfig()),
    "chunks": lambda text: undo("chunked", text.encode(), 1 << 20),
    "WARC": lambda text: read(b"WARC/1.0\r\n" + text.encode()),
    "ARC": lambda text: read(b"http://a 1 20060102030405 x 1\n" + text.encode()),
    "kind of file": lambda text: detect_source("a.jsonl", io.BytesIO(text.encode())),
    "privacy": lambda text: list(privacy.find_identifiers(text, privacy.KINDS)),
    "quality": lambda text: quality.measure_texts(pa.array([text]), ["en"]),
}


@pytest.mark.parametrize("reader", READERS)
def test_regular_expressions_are_linear_at_1_mb(reader: str) -> None:
    """A megabyte of what patterns are slow at: a run of each unit is long enough for its square to show."""
    began = time.process_time()
    READERS[reader](TEXT)
    assert time.process_time() - began < SECONDS


# Empty, emoji, code, mixed-language pages -----------------------------------------------------------------------------

PAGES = {
    "empty": "",
    "one letter": "a",
    "emoji": "🎉🌊👨\u200d👩\u200d👧 " * 60,
    "digits": "3.14159 2.71828 " * 60,
    "code": "for (int i = 0; i < n; ++i) { a[i] = b[i] &amp; 0xff; }\n" * 20,
    "mixed": GERMAN + CHINESE + RUSSIAN + JAPANESE,
    "private use": "\ue000\ue001 " * 60,
}


@pytest.mark.parametrize("name", PAGES)
def test_empty_emoji_code_mixed_language_pages(name: str, tmp_path: Path) -> None:
    """A defined label, never a crash: either the reason why it is no document, or a language and finite measures."""
    found = account(tmp_path, {"a.warc.gz": member(record(http(page(PAGES[name], "utf-8"))))})
    if not found.documents:
        assert found.lost == [("dropped", "no_text")] and not PAGES[name]
        return
    text = found.documents[0]["text"]
    [(code, score)] = language.identify_languages([text])
    assert code and 0 <= score <= 1.001
    measures = quality.measure_texts(pa.array([text]), [code]).to_pydict()
    assert all(value is None or math.isfinite(value) for [value] in measures.values())
    assert extract_page(page(PAGES[name], "utf-8"), None, ExtractConfig()) == extract_page(
        page(PAGES[name], "utf-8"), None, ExtractConfig()
    )
