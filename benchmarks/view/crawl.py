"""Crawl: made-up WARC files of pages in three languages, on hosts of which few have many pages: texts that rules keep
and drop, copies and near copies, lines that a host repeats, addresses that are masked, and what is no page."""

from __future__ import annotations

import random
from collections import deque
from pathlib import Path

from corpus.crawl.warc_writer import http_head, record, record_id

DATE = "2026-01-01T00:00:00Z"
FILE_RECORDS, PAGES_PER_HOST = 20_000, 50
KINDS = {  # of all records of a crawl
    "plain": 0.52,
    "gone": 0.06,
    "image": 0.03,
    "short": 0.14,
    "ellipses": 0.04,
    "bullets": 0.04,
    "mail": 0.04,
    "copy": 0.05,
    "near": 0.08,
}
LANGUAGES = {"en": 0.9, "de": 0.06, "zh": 0.04}
SENTENCES = {
    "en": (
        "The {a} {n} of {name} {v} the {n} near the {a} {n}.",
        "When {name} saw the {n}, it was {a} and the {n} {v} what was left of it.",
        "In those years the {n} {v} a {a} {n}, which {name} had brought from the {n}.",
        "Nobody in {name} has written about the {n} that {v} their {n}.",
        "It is said that a {a} {n} {v} more than the {n} of {name} ever did.",
    ),
    "de": (
        "Die {a} {n} von {name} {v} die {n} in der {a} {n}.",
        "Als {name} die {n} sah, war sie {a} und niemand wusste, was die {n} {v}.",
        "In diesen Jahren {v} die {n} eine {a} {n}, die {name} mitgebracht hatte.",
    ),
    "zh": ("{name}的{n}{v}{a}的{n}，这是很久以前的事情。", "人们都说{a}的{n}{v}了{n}，可是{name}没有看见。"),
}
WORDS_AS_TEXT = {
    "en": {
        "n": "bridge river harbour market garden letter winter engine mountain station teacher village picture kitchen "
        "island museum railway captain orchard library window valley castle journey theatre forest hospital painter "
        "machine farmer council bottle carpet summer doctor lantern temple canal barrel meadow kettle chapel cottage "
        "fisherman",
        "v": "carried followed remembered crossed described measured opened painted repaired reached",
        "a": "old narrow quiet famous wooden broken distant early heavy northern simple yellow",
    },
    "de": {
        "n": "Brücke Straße Stadt Kirche Reise Werkstatt Familie Schule Landschaft Zeitung Mauer Insel",
        "v": "beschreibt erreicht verbindet zeigt verändert öffnet",
        "a": "alte neue kleine stille berühmte schmale breite",
    },
    "zh": {
        "n": "桥梁 河流 城市 学校 花园 火车 图书馆 山谷 市场 医院 村庄 老师",
        "v": "改变 连接 影响 带来 经过 记录",
        "a": "古老 安静 美丽 遥远 著名 简单",
    },
}
WORDS = {language: {kind: text.split() for kind, text in kinds.items()} for language, kinds in WORDS_AS_TEXT.items()}
SYLLABLES = ("ka", "lo", "mi", "nu", "ter", "ven", "dor", "sal", "bri", "gon", "fel", "wick")
NAMES = 20_000
EDITORS = "This page was written by the editors of {host}, and whoever wants to may copy what stands in it."
RECENT = 2_000  # pages that a copy may be of


def write_crawl(folder: Path, records: int) -> int:
    """Writes FOLDER/crawl-NUMBER.warc.gz, the same for the same number of records. Returns their bytes."""
    folder.mkdir(parents=True)
    dice = random.Random(records)
    hosts, recent = max(1, records // PAGES_PER_HOST), deque[tuple[str, list[str]]](maxlen=RECENT)
    for first in range(0, records, FILE_RECORDS):
        with open(folder / f"crawl-{first // FILE_RECORDS:05d}.warc.gz", "wb") as file:
            for number in range(first, min(records, first + FILE_RECORDS)):
                file.write(_record(dice, hosts, number, recent))
    return sum(file.stat().st_size for file in folder.iterdir())


def _record(dice: random.Random, hosts: int, number: int, recent: deque[tuple[str, list[str]]]) -> bytes:
    host = f"site-{int(hosts * dice.random() ** 3)}.example"  # the first has many pages, most have few
    url = f"https://{host}/{dice.choice(WORDS['en']['n'])}/{number}.html"
    [kind] = dice.choices(list(KINDS), list(KINDS.values()))
    if kind == "image":
        return _response(url, b"\x89PNG" + dice.randbytes(200), "200 OK", "image/png")
    if kind == "gone":
        return _response(url, b"<p>There is nothing here.</p>", "404 Not Found", "text/html")
    title, paragraphs = _text(dice, kind, recent)
    return _response(url, _page(dice, host, title, paragraphs), "200 OK", "text/html; charset=utf-8")


def _text(dice: random.Random, kind: str, recent: deque[tuple[str, list[str]]]) -> tuple[str, list[str]]:
    if kind in ("copy", "near") and recent:
        title, paragraphs = dice.choice(recent)
        return title, [*paragraphs, _sentence(dice, "en")] if kind == "near" else paragraphs
    [language] = dice.choices(list(LANGUAGES), list(LANGUAGES.values()))
    title = _sentence(dice, language)
    if kind == "short":
        return title, [_sentence(dice, language)]
    count = min(600, max(4, round(dice.lognormvariate(2.0, 0.8))))
    paragraphs = [" ".join(_sentence(dice, language) for _ in range(dice.randrange(2, 6))) for _ in range(count)]
    if kind == "ellipses":
        paragraphs = [f"{paragraph}.." for paragraph in paragraphs]
    elif kind == "mail":
        paragraphs.append(f"Write to {_name(dice).lower()}@{_name(dice).lower()}.org about it.")
    elif kind == "bullets":
        paragraphs = [f"• {sentence}." for paragraph in paragraphs for sentence in paragraph.split(".")[:-1]]
    else:
        recent.append((title, paragraphs))
    return title, paragraphs


def _sentence(dice: random.Random, language: str) -> str:
    words = {kind: iter(dice.choices(some, k=4)) for kind, some in WORDS[language].items()}
    template = dice.choice(SENTENCES[language])
    parts = (part.partition("}") for part in template.split("{")[1:])
    filled = "".join((_name(dice) if kind == "name" else next(words[kind])) + rest for kind, _, rest in parts)
    return template.partition("{")[0] + filled


def _name(dice: random.Random) -> str:
    """Few names are everywhere, most on a few pages."""
    number = int(NAMES * dice.random() ** 4)
    syllables = [SYLLABLES[number // len(SYLLABLES) ** place % len(SYLLABLES)] for place in range(4)]
    return "".join(syllables).capitalize()


def _page(dice: random.Random, host: str, title: str, paragraphs: list[str]) -> bytes:
    links = "".join(
        f'<li><a href="https://{host}/{word}/">{word.capitalize()}</a></li>' for word in WORDS["en"]["n"][:20]
    )
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
    editors = f"<p>{EDITORS.format(host=host)}</p>" if dice.random() < 0.5 else ""
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title><style>p {{ margin: 1em }}</style>'
        f'<script>var page = "{host}";</script></head><body><nav><ul>{links}</ul></nav><main><h1>{title}</h1>\n'
        f"{body}{editors}</main><footer><p>Imprint</p><p>Contact</p></footer></body></html>"
    ).encode()


def _response(url: str, body: bytes, status: str, content_type: str) -> bytes:
    head = http_head(f"HTTP/1.1 {status}", (("Content-Type", content_type), ("Content-Length", str(len(body)))))
    target = (("WARC-Target-URI", url),)
    kind = "application/http; msgtype=response"
    return record("response", record_id("response", url, DATE), DATE, target, kind, head + body)
