"""Extract: the main text of a page, which depends on that page alone."""

from __future__ import annotations

import threading

import pytest

from corpus.extract import ExtractConfig, Extracted, extract

PARAGRAPHS = [
    "Rain that falls on the hills gathers in brooks, and the brooks run together into one river.",
    "The river carries sand and stones, and lays them down again where its bed is flat and wide.",
    "Where it meets the sea the water slows, and an island of mud grows a little every year.",
]
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
PAGE = f"""<!DOCTYPE html><html><head><title> The
 river's  course </title><style>p {{color: red}}</style></head><body>
<header><nav><ul><li><a href="/">Home page</a></li><li><a href="/shop">Web shop</a></li></ul></nav></header>
<script>var hidden = "not for readers";</script><!-- an editor's comment -->
<main><article><h1>From hill to sea</h1>{ARTICLE}</article></main>
<aside class="sidebar"><a href="/ads">Buy a boat today</a></aside>
<footer><p>Copyright by the ferry company</p></footer></body></html>""".encode()
DEFAULT = ExtractConfig()


def text_of(html: bytes, config: ExtractConfig = DEFAULT) -> str:
    found = extract(html, None, config)
    assert isinstance(found, Extracted), found
    return found.text


def test_the_article_stays_and_the_boilerplate_goes() -> None:
    found = extract(PAGE, None, DEFAULT)
    assert isinstance(found, Extracted)
    assert found.title == "The river's course"
    assert found.charset == "utf-8"
    assert all(paragraph in found.text for paragraph in PARAGRAPHS)
    assert found.text.index(PARAGRAPHS[0]) < found.text.index(PARAGRAPHS[2])
    for unwanted in ("Web shop", "boat", "Copyright", "hidden", "editor", "color", "<p>"):
        assert unwanted not in found.text


def test_the_whole_page_on_request() -> None:
    whole = text_of(PAGE, ExtractConfig(main_content=False))
    assert "Web shop" in whole and PARAGRAPHS[1] in whole
    assert "hidden" not in whole and "editor" not in whole


def test_paragraphs_stay_apart() -> None:
    assert all(line in PARAGRAPHS for line in text_of(f"<body>{ARTICLE}</body>".encode()).split("\n") if line)


def test_a_page_is_the_same_whatever_was_read_before() -> None:
    pages = [PAGE, PAGE.replace(b"river", b"brook"), f"<body>{ARTICLE}</body>".encode(), b"<p>Short.", b"<div>" * 300]
    first = [extract(page, None, DEFAULT) for page in pages]
    backwards = [extract(page, None, DEFAULT) for page in pages[::-1]]
    assert backwards[::-1] == first
    assert [extract(page, None, DEFAULT) for page in pages for _ in range(2)][::2] == first


def test_where_no_block_is_chosen_the_whole_page_is_taken() -> None:
    found = extract(PAGE, None, ExtractConfig(least=100_000))
    assert isinstance(found, Extracted) and found.extractor == "page"
    assert PARAGRAPHS[1] in found.text and "ferry" in found.text
    assert extract(PAGE, None, ExtractConfig(least=100_000, rescue_below=-1.0)) == "no_text"


@pytest.mark.parametrize(
    "html",
    [
        b"<html></html>",
        b"<html><body><img src=a.png><script>1</script></body></html>",
        b"   ",
        b"<title>A title alone</title>",
        "<p>\u200b\u00a0\u2028</p>".encode(),
        b"<!-- only a comment -->",
    ],
)
def test_a_page_without_text_says_so(html: bytes) -> None:
    assert extract(html, None, DEFAULT) == "no_text"


def test_what_cannot_be_decoded_says_so() -> None:
    assert extract(b"<p>" + bytes(range(128, 256)) * 30, "utf-8", DEFAULT) == "undecodable"


def test_the_declared_charset_is_used() -> None:
    assert extract("<p>Река течёт в море</p>".encode("koi8-r"), "koi8-r", DEFAULT) == Extracted(
        title="", text="Река течёт в море", charset="koi8-r", extractor="page"
    )


def test_odd_markup_is_read() -> None:
    assert "text" in text_of(b"<p>text<p><b><i>unclosed <table><td>cell <a href=")
    assert text_of(b"<p>a &lt; b &amp;&nbsp;c &#x6c34; &unknown; \0</p>").startswith("a < b &\u00a0c 水 &unknown;")
    assert text_of(b"<p>" + b"word " * 200_000 + b"</p>").count("word") == 200_000


@pytest.mark.parametrize("tag", ["div", "b", "table", "ul><li"])
def test_deep_nesting_does_not_crash(tag: str) -> None:
    """In a thread as well, whose stack is smaller than the main one's."""
    html = (f"<{tag}>" * 5_000 + ARTICLE).encode()
    found: list[Extracted | str] = [extract(html, None, DEFAULT)]
    thread = threading.Thread(target=lambda: found.append(extract(html, None, DEFAULT)))
    thread.start()
    thread.join()
    assert len(found) == 2 and found[0] == found[1]
    assert isinstance(found[0], Extracted) and PARAGRAPHS[0] in found[0].text


@pytest.mark.parametrize("tag", ["div", "font", "blockquote"])
def test_nesting_without_end_costs_neither_the_text_nor_the_time(tag: str) -> None:
    """Looking for the main content in 100,000 nested elements would take hours."""
    page = f"<body>{f'<{tag}>' * 100_000}deep down{f'</{tag}>' * 100_000}</body>".encode()
    found = extract(page, None, ExtractConfig())
    assert isinstance(found, Extracted) and found.text.strip() == "deep down"
