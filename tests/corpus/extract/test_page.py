"""Extract: the main text of a page, which depends on that page alone."""

from __future__ import annotations

import pytest

from corpus.extract.config import ExtractConfig, Extractor
from corpus.extract.page import Extracted, extract_page

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
    found = extract_page(html, None, config)
    assert isinstance(found, Extracted), found
    return found.text


def test_the_article_stays_and_the_boilerplate_goes() -> None:
    found = extract_page(PAGE, None, DEFAULT)
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
    first = [extract_page(page, None, DEFAULT) for page in pages]
    backwards = [extract_page(page, None, DEFAULT) for page in pages[::-1]]
    assert backwards[::-1] == first
    assert [extract_page(page, None, DEFAULT) for page in pages for _ in range(2)][::2] == first


def test_where_no_block_is_chosen_the_whole_page_is_taken() -> None:
    found = extract_page(PAGE, None, ExtractConfig(min_score=100_000))
    assert isinstance(found, Extracted) and found.extractor == "page"
    assert PARAGRAPHS[1] in found.text and "ferry" in found.text
    assert extract_page(PAGE, None, ExtractConfig(min_score=100_000, rescue_below=-1.0)) == "no_text"


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
    assert extract_page(html, None, DEFAULT) == "no_text"


def test_what_cannot_be_decoded_says_so() -> None:
    assert extract_page(b"<p>" + bytes(range(128, 256)) * 30, "utf-8", DEFAULT) == "undecodable"


def test_the_declared_charset_is_used() -> None:
    found = extract_page("<p>Река течёт в море</p>".encode("koi8-r"), "koi8-r", DEFAULT)
    assert isinstance(found, Extracted) and (found.text, found.charset) == ("Река течёт в море", "koi8-r")


def test_odd_markup_is_read() -> None:
    assert "text" in text_of(b"<p>text<p><b><i>unclosed <table><td>cell <a href=")
    assert text_of(b"<p>a &lt; b &amp;&nbsp;c &#x6c34; &unknown; \0</p>").startswith("a < b & c 水 &unknown;")
    assert text_of(b"<p>" + b"word " * 200_000 + b"</p>").count("word") == 200_000


# Pages of each kind, made here. `LONG` is a paragraph that nobody would take for anything but text.
LONG = [
    f"{opening} the gauge at the old bridge has been read every morning, and the level was written down in a book, "
    f"together with the wind, the rain and whatever else the keeper thought worth telling, {number} years on."
    for number, opening in enumerate(
        ("Since the flood", "In summer", "On most days", "For a century", "By hand", "Until the war", "In ink"), 50
    )
]
PROSE = "".join(f"<p>{paragraph}</p>" for paragraph in LONG)
LINKS = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Home", "News", "Sport", "Weather", "Shop"))
MENU = f'<div class="site-menu"><ul>{LINKS}</ul></div>'
RELATED = "".join(f'<div class="card"><a href="/{n}">Ten bridges you must see before {n}</a></div>' for n in "123")
FOOT = '<div class="footer"><p>Copyright 2024 The River Press. All rights reserved.</p><a href="/p">Privacy</a></div>'


def page_of(main: str, head: str = "") -> bytes:
    body = f'{MENU}<div class="content">{main}</div><div class="related-posts">{RELATED}</div>{FOOT}'
    return f"<html><head><title>The gauge</title>{head}</head><body>{body}</body></html>".encode()


def test_an_article_keeps_its_text_and_loses_its_readers_comments() -> None:
    comments = "".join(
        f'<div class="comment"><b>Reader {n}</b><p>I never liked that bridge.</p></div>' for n in range(5)
    )
    text = text_of(page_of(f'<article>{PROSE}</article><div class="comments"><h3>5 comments</h3>{comments}</div>'))
    assert all(paragraph in text for paragraph in LONG)
    for unwanted in ("never liked", "must see", "All rights", "Weather"):
        assert unwanted not in text


def test_a_forum_keeps_every_post() -> None:
    posts = "".join(f'<div class="post"><div class="message"><p>{paragraph}</p></div></div>' for paragraph in LONG)
    text = text_of(page_of(f'<div class="thread">{posts}</div>'))
    assert all(paragraph in text for paragraph in LONG) and "must see" not in text


@pytest.mark.parametrize("name", ["comment", "commentBody", "sidebar", "widget-text", "footer-wrap", "newsletter"])
def test_a_name_that_nearly_the_whole_page_bears_says_nothing(name: str) -> None:
    """A thread is made of comments, and a page builder calls each part a widget."""
    posts = "".join(f'<div class="{name}"><b>Reader {n}</b><p>{p}</p></div>' for n, p in enumerate(LONG))
    text = text_of(f"<html><body>{MENU}<div>{posts}</div>{FOOT}</body></html>".encode())
    assert all(paragraph in text for paragraph in LONG) and "Weather" not in text


def test_a_text_is_found_without_any_names() -> None:
    """By where the page's running text stands."""
    links = "".join(f'<div><a href="/{n}">Ten bridges you must see before {n}</a></div>' for n in range(20))
    body = f"<div><div>{links}</div><div><div>{PROSE}</div></div><div>{links}</div></div>"
    text = text_of(f"<html><body>{body}</body></html>".encode())
    assert all(paragraph in text for paragraph in LONG) and "must see" not in text


def test_a_notice_that_is_told_many_times_is_told_once_at_most() -> None:
    notice = "<p>Items are chosen for you by what others have looked at before, and by what their sellers pay us.</p>"
    items = "".join(f"<div><p>Bridge number {n}</p>{notice}</div>" for n in range(12))
    text = text_of(page_of(f"<article>{PROSE}</article><div>{items}</div>"))
    assert all(paragraph in text for paragraph in LONG) and text.count("sellers pay") <= 1


def test_documentation_keeps_its_tables_and_definitions() -> None:
    table = "<table><tr><th>Option</th><th>Meaning</th></tr><tr><td>depth</td><td>metres below zero</td></tr></table>"
    terms = "<dl><dt>gauge</dt><dd>A board with marks, read by eye from the bridge or from the bank.</dd></dl>"
    text = text_of(page_of(f"<main><h1>Reading the gauge</h1>{PROSE}{table}{PROSE.upper()}{terms}{PROSE}</main>"))
    assert "metres below zero" in text and "read by eye" in text


@pytest.mark.parametrize(
    ("main", "wanted"),
    [
        ("😀" * 20, "😀" * 20),
        ("<pre>for n in range(3):\n    print(n)</pre>", "for n in range(3):\n    print(n)"),
        ("<p>The river 河水流入大海。 Река течёт в море. 川は海へ流れる。</p>", "Река течёт в море."),
    ],
    ids=["emoji", "code", "languages"],
)
def test_a_page_of_emoji_of_code_or_of_many_languages_is_its_text(main: str, wanted: str) -> None:
    assert wanted in text_of(f"<html><body>{main}</body></html>".encode())


def test_documentation_keeps_its_code_line_by_line() -> None:
    code = "def level(gauge):\n    return gauge.read()  # metres\n\nprint(level(bridge))"
    text = text_of(page_of(f"<main><h1>Reading the gauge</h1>{PROSE}<pre><code>{code}</code></pre>{PROSE}</main>"))
    assert code in text


@pytest.mark.parametrize("behind", ["", "<br>", "\u2003", "<b> </b><br>"])
def test_code_leaves_no_tags_in_the_text(behind: str) -> None:
    code = "int add(int x, int y) {<br>  return x + y;<br>}"
    text = text_of(page_of(f"<main><h1>Adding</h1>{PROSE}<pre>{code}</pre>{behind}{PROSE}</main>"))
    assert "int add(int x, int y) {\n  return x + y;\n}\n" in text and "<" not in text


def test_a_product_page_keeps_its_description() -> None:
    text = text_of(page_of(f'<div class="product"><h1>Gauge</h1><div class="description">{PROSE}</div></div>'))
    assert all(paragraph in text for paragraph in LONG)


def test_a_listing_keeps_its_items() -> None:
    items = "".join(f'<article><h2><a href="/{n}">Item {n}</a></h2><p>{LONG[n]}</p></article>' for n in range(7))
    text = text_of(page_of(f"<main>{items}</main>"))
    assert all(paragraph in text for paragraph in LONG)


def test_a_gallery_says_its_caption_once_and_a_poem_its_refrain_each_time() -> None:
    caption = "The old bridge and its gauge, seen from the mill on the far bank. Photograph by the town's archive."
    picture = f'<div class="caption"><img src="a.png"><p>{caption}</p></div>'
    text = text_of(page_of(f"<article>{PROSE}{4 * picture}{PROSE.upper()}</article>"))
    assert text.count(caption) <= 1
    assert text_of(page_of(f"<article>{PROSE}{PROSE}</article>")).count(LONG[0]) == 2


def test_chinese_is_measured_by_its_characters() -> None:
    """Forty characters without a space are a paragraph, not a label."""
    paragraphs = [
        f"第{n}天,河水漫过了旧桥的桥墩,镇上的人们清晨起来记录水位,并把风向和雨量一并写在本子上。"
        for n in "一二三四五六"
    ]
    news = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    menu = '<div class="menu">' + "".join(f'<a href="/{n}">{n}</a>' for n in ("首页", "新闻", "体育")) + "</div>"
    text = text_of(
        f'<html><body>{menu}<div class="article">{news}</div><div class="footer">版权所有</div></body></html>'.encode()
    )
    assert all(paragraph in text for paragraph in paragraphs)
    assert "体育" not in text and "版权所有" not in text


def test_a_site_builders_page_of_tables_without_names_is_read() -> None:
    """What the parser's own heuristic finds almost nothing on."""
    rows = "".join(f"<table><tr><td><table><tr><td><span>{p}</span></td></tr></table></td></tr></table>" for p in LONG)
    text = text_of(f"<html><body><table><tr><td>{rows}</td></tr></table></body></html>".encode())
    assert all(paragraph in text for paragraph in LONG)


def test_a_link_that_is_never_closed_does_not_swallow_the_page() -> None:
    text = text_of(page_of(f'<a href="/top"><article>{PROSE}</article>'))
    assert sum(paragraph in text for paragraph in LONG) >= 5


def test_markup_in_capitals_is_the_same_page() -> None:
    page = page_of(PROSE)
    capitals = page
    for tag in (b"html", b"head", b"title", b"body", b"div", b"ul", b"li", b"p", b"a"):
        for edge in (b">", b" "):
            capitals = capitals.replace(b"<" + tag + edge, b"<" + tag.upper() + edge)
        capitals = capitals.replace(b"</" + tag + b">", b"</" + tag.upper() + b">")
    assert capitals != page and text_of(capitals) == text_of(page)


def test_a_page_cannot_write_marks_of_its_own() -> None:
    forged = PROSE + "\x01" + "9;\x0199999;&#1;7;&#1;99999;\x02\x03"
    assert all(paragraph in text_of(page_of(forged)) for paragraph in LONG)


@pytest.mark.parametrize("extractor", ["trafilatura", "justext", "union"])
def test_other_extractors_can_be_chosen_and_remember_nothing(extractor: Extractor) -> None:
    config = ExtractConfig(extractor=extractor)
    first = extract_page(page_of(PROSE), None, config)
    assert isinstance(first, Extracted) and LONG[3] in first.text
    assert extractor == "union" or first.extractor == extractor
    for _ in range(3):  # trafilatura's deduplication would drop the text the third time
        assert extract_page(page_of(PROSE), None, config) == first
