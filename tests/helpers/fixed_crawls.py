"""Fixed crawls: the same bytes on every machine, in which every data stage finds something to do.

Sentences are put together from the words below, never taken from what is installed, and gzip members are stored, not
compressed, so that no version of Python, of its libraries or of zlib changes a byte. What is changed here changes the
golden digests of all stages (tests/pipelines/test_golden_digests.py).
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from warc_bytes import http, record

from corpus.lake.manifest import canonical_json

WORDS = {
    "en": (
        "tall new wide narrow quiet busy green distant famous modest wooden heavy short late bright cold dusty steep",
        "river harbour bridge village market garden library station mountain valley kitchen workshop school orchard "
        "lighthouse museum forest meadow canal railway bakery theatre island tower",
        "reaches crosses follows supports surrounds remembers protects measures repairs welcomes feeds separates joins "
        "shelters divides overlooks borders describes",
        "after the long winter;before the first snow;in the middle of the night;when the tide is low;during the autumn "
        "fair;on the last day of the month;while the children are at school;without any warning;for more than a "
        "century;since the great flood;as the charter of the town demands;under the care of two brothers",
        "and the people of the {n} have never forgotten it;but nobody who works at the {n} would call it {a};which is "
        "why the {a} {n} was built of stone;so that travellers from the {n} could rest there;because the {n} had been "
        "{a} for so many years;though it is not as {a} as the {n} beside it;and from there you can see the {a} {n};"
        "where they sell what the {n} has given them",
        "The {a} {n} {v} the {m} {t}, {c}.;{T}, a {a} {n} {v} the {m}, {c}.;They say that the {n} {v} every {m}, {c}.",
    ),
    "de": (
        "alten neuen breiten schmalen ruhigen hohen tiefen bunten kalten warmen schweren leisen",
        "Flüsse Brücken Dörfer Märkte Gärten Wälder Straßen Schulen Türme Häuser Mühlen Berge Täler Bäche Höfe Züge",
        "tragen schützen verbinden begleiten umgeben teilen nähren prägen bewahren kreuzen",
        "seit vielen Jahren;nach dem langen Winter;vor dem ersten Schnee;am Ende des Monats;ohne jede Warnung;"
        "während der großen Ferien;im Schatten der Burg;bei niedrigem Wasser",
        "und die Menschen haben die {n} nicht vergessen;aber niemand würde sie für die {a} {n} halten;weil die {n} so "
        "lange nicht für alle da waren;damit man von den {a} Plätzen aus die {n} sehen kann;was auch für die {n} gilt",
        "Die {a} {n} {v} die {m} {t}, {c}.;Es heißt, die {n} {v} auch die {a} {m}, {c}.",
    ),
    "zh": (
        "古老 宽阔 安静 繁忙 遥远 著名 寒冷 明亮 高大 温暖",
        "河流 港口 大桥 村庄 集市 花园 书馆 车站 高山 山谷 学校 果园 灯塔 森林 草地 运河",
        "穿过 连接 保护 环绕 供养 分开 记录 欢迎 经过 照亮",
        "在漫长的冬天以后;在第一场雪以前;每年的春天;在退潮的时候;几百年以来;没有任何预兆地",
        "所以那里的人从来没有忘记{n};但是谁也不说{n}是{a}的;因为{n}一直非常{a};从那里可以看见{a}的{n};旁边就是{a}的{n}",
        "{a}的{n}{t}{v}了{m}，{c}。;据说{n}{t}也{v}{a}的{m}，{c}。",
    ),
}
NOTICE = "Subscribe to the weekly letter of this site and read every story before anybody else does."
QUESTION = (
    "How many barrels of salted herring did the harbour master of Oldhaven send upstream in the year of the comet?"
)
PASSAGE = (
    "Nine lanterns hung above the gate of Oldhaven, and each of them was lit by another guild when ships came home."
)
ITEMS = {
    "1": {"question": QUESTION, "answer": "Forty"},
    "2": {
        "passage": PASSAGE,
        "question": "Which guild of Oldhaven had to light the last one of all nine lanterns there?",
    },
    "3": {"question": "Why?"},
}
CODE = "<pre><code>def depth(level):\n    return level * 2  # in metres\n</code></pre>"
TABLE = "<table><tr><th>Month</th><th>Depth</th></tr><tr><td>May</td><td>12</td></tr></table>"
LIST = "<ul><li>Bring a lamp and a warm coat.</li><li>Ask the keeper for the key.</li></ul>"
MENU = '<nav><a href="/">Home</a> <a href="/news">News</a> <a href="/about">About us</a></nav>'


def prose(seed: int, language: str = "en", paragraphs: int = 5) -> list[str]:
    """Paragraphs of three sentences; no other seed has the same ones."""
    random = np.random.RandomState(seed)
    adjectives, nouns, verbs, times, clauses, forms = WORDS[language]

    def one(words: str, separator: str | None = None) -> str:
        found = words.split(separator)
        return found[random.randint(len(found))]

    def sentence() -> str:
        clause = one(clauses, ";").format(n=one(nouns), a=one(adjectives))
        time = one(times, ";")
        parts = {"a": one(adjectives), "n": one(nouns), "v": one(verbs), "m": one(nouns), "t": time, "c": clause}
        return one(forms, ";").format(T=time[:1].upper() + time[1:], **parts)

    gap = "" if language == "zh" else " "
    return [gap.join(sentence() for _ in range(3)) for _ in range(paragraphs)]


def html(title: str, paragraphs: list[str], more: str = "") -> bytes:
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
    published = '<meta property="article:published_time" content="2024-03-05T23:30:00-02:00">'
    head = f"<head><title>{title}</title>{published}</head>"
    footer = "<footer><p>All rights reserved.</p></footer>"
    return f"<html>{head}<body>{MENU}<main><h1>{title}</h1>{body}{more}</main>{footer}</body></html>".encode()


def response(url: str, body: bytes, *headers: str, **rest: str) -> bytes:
    return record(http(body, *headers, **{"kind": "text/html; charset=utf-8"} | rest), uri=url)


def stored(data: bytes) -> bytes:
    """A gzip member of one stored block: what a zlib makes of it does not depend on the zlib."""
    block = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF) + data
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + block + struct.pack("<II", zlib.crc32(data), len(data))


def _lines(rows: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def write_crawls(folder: Path) -> None:
    """Two crawls: `first` of web pages and files of text, `second` of rows, some of which the first one has too; and
    ITEMS as a file."""
    site = {f"https://site.example/{n}": prose(n) for n in range(36)}
    pages = {url: html(f"Page {n}", [*text, NOTICE]) for n, (url, text) in enumerate(site.items())}
    texts = list(site.values())
    whole = [item for url, page in pages.items() for item in (record(b"GET /", kind="request"), response(url, page))]
    torn = bytearray(stored(response("https://site.example/torn", html("Torn", prose(90)))))
    torn[len(torn) // 2] ^= 0xFF
    a = [*map(stored, whole), bytes(torn), stored(response("https://site.example/behind", html("Behind", prose(91))))]

    shared = prose(80, paragraphs=8)
    others = {f"https://{code}{n}.example/": prose(100 + n, code) for code in ("de", "zh") for n in range(8)}
    others |= {f"https://near.example/{n}": [*texts[n], "It was read again on a Tuesday."] for n in range(4, 8)}
    others |= {f"https://half.example/{n}": [*texts[n][:4], *prose(200 + n, paragraphs=1)] for n in range(8, 20)}
    others |= {f"https://span.example/{n}": [*prose(300 + n), " ".join(shared[:4])] for n in range(3)}
    others["https://quiz.example/"] = [*prose(92), QUESTION]
    others["https://reading.example/"] = [*prose(93), PASSAGE]
    mail = (
        "Write to martha.keeper@oldhaven-post.com, or call +44 20 7946 0958, which is not at 93.184.216.34 or 10.0.0.1."
    )
    others["https://mail.example/"] = [*prose(94), mail]
    others["https://short.example/"] = ["There is too little here for a document, and it is not kept."]
    others["https://again.example/"] = [
        "The same line stands here again and again, as on no page that was written."
    ] * 20
    others["https://symbols.example/"] = [f"# {text} # # # # # # # # #" for text in prose(95)]
    rich = html("Rich", prose(96), f"<h2>Depths</h2>{TABLE}{LIST}{CODE}")
    gbk = html("黄河", prose(97, "zh")).decode().encode("gb18030")
    b = [
        *(response(url, html(url, text)) for url, text in others.items()),
        *(response(f"https://copy.example/{n}", html(f"Page {n}", texts[n])) for n in range(4)),
        response("https://rich.example/", rich),
        response("https://gbk.example/", gbk),
        response("https://site.example/gone", html("Gone", prose(98)), status="404 Not Found"),
        response("https://site.example/photo", b"\x89PNG\r\n\x1a\n", kind="image/png"),
        response("https://site.example/noai", html("No", prose(99)), "X-Robots-Tag: noai"),
        response("https://site.example/cut", html("Cut", prose(88)))[:-400],
    ]

    # What is wrong with a line is said in our words, not in those of a version of Python.
    rows = [{"url": f"https://rows.example/{n}", "text": "\n\n".join(prose(400 + n))} for n in range(12)]
    article = "\n\n".join(
        ["'''Oldhaven''' is a [[town]] by the sea.<ref>Book</ref>", *prose(401), "* a [[list|point]]"]
    )
    article = article.replace("<", "&lt;")
    wiki = f"<page><title>Oldhaven</title><ns>0</ns><revision><text>{article}</text></revision></page>"
    again = [{"url": f"https://more.example/{n}", "text": "\n\n".join(text)} for n, text in enumerate(texts[20:30])]
    fresh = [{"url": f"https://fresh.example/{n}", "text": "\n\n".join(prose(500 + n))} for n in range(8)]
    files = {
        "first/a.warc.gz": b"".join(a),
        "first/b.warc": b"".join(b),
        "first/rows.jsonl": _lines(rows) + b'["no object"]\n{"url": "https://rows.example/none"}\n',
        "first/books/book.txt": "\n\n".join(prose(600, paragraphs=40)).encode(),
        "first/wiki.xml": f"<mediawiki>{wiki}</mediawiki>".encode(),
        "second/rows.jsonl": _lines([*again, *fresh]),
        "quiz.json": canonical_json(ITEMS),
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
