"""Crawls that tests make for themselves: real prose that every Python has, and everything that a crawl gets wrong."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from corpus.crawl.warc_writer import http_head, record, record_id

DATE = "2025-01-31T12:00:00Z"
MODULES = (
    *("argparse", "ast", "asyncio", "calendar", "collections", "configparser", "contextlib", "csv", "dataclasses"),
    *("datetime", "decimal", "difflib", "email.message", "enum", "fractions", "functools", "gettext", "heapq"),
    *("http.cookiejar", "inspect", "ipaddress", "json", "locale", "logging", "mailbox", "optparse", "os", "pathlib"),
    *("pickle", "pydoc", "queue", "random", "shutil", "smtplib", "socket", "sqlite3", "statistics", "string"),
    *("subprocess", "tarfile", "tempfile", "textwrap", "threading", "tokenize", "unittest.mock", "urllib.parse"),
    *("uuid", "wave", "weakref", "xml.dom.minidom", "zipfile"),
)

CHINESE = (
    "长江是亚洲第一长河，发源于青藏高原，流经十一个省级行政区，最后注入东海。沿江两岸自古以来就是中国经济和文化最发达的地区之一，"
    "许多重要的城市都坐落在江边。每年夏天，上游的雨水使江面上涨，人们修建了大量的堤坝和水库来控制洪水。"
)
YELLOW_RIVER = (
    "黄河是中国第二长河，因为河水中含有大量泥沙而呈黄色。它从巴颜喀拉山北麓出发，穿过黄土高原，在山东省流入渤海。"
    "几千年来，黄河多次改道，给两岸的居民带来过灾难，也留下了肥沃的平原，古代的许多王朝都在这里建立都城。"
)
JAPANESE = (
    "日本の川は短くて流れが急なものが多い。山に降った雨はすぐに海へ流れ出てしまうため、人々は昔からため池や用水路を作り、"
    "水を大切に使ってきた。春になると雪解けの水が田んぼに引かれ、田植えが始まる。"
)
GERMAN = (
    "Die Donau entspringt im Schwarzwald und fließt durch zehn Länder, bevor sie ins Schwarze Meer mündet. Seit der "
    "Antike ist sie eine wichtige Handelsstraße, und viele große Städte sind an ihren Ufern entstanden. Im Frühjahr "
    "führt die Schneeschmelze in den Alpen regelmäßig zu Hochwasser, gegen das sich die Bewohner mit Dämmen schützen."
)
PAGE_TYPE = "text/html; charset=utf-8"


def prose(module: str) -> str:
    """The docstrings of a module, as paragraphs."""
    found = import_module(module)
    parts = [inspect.getdoc(found) or ""]
    parts += [inspect.getdoc(value) or "" for name, value in sorted(vars(found).items()) if callable(value)]
    return "\n\n".join(part for part in parts if part)[:6_000]


def html(title: str, text: str) -> bytes:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    body = "".join(f"<p>{paragraph}</p>\n" for paragraph in escaped.split("\n\n"))
    return f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>".encode()


def response(
    url: str,
    body: bytes,
    *,
    status: str = "200 OK",
    content_type: str = PAGE_TYPE,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """One response record, compressed by itself."""
    named = [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]
    head = http_head(f"HTTP/1.1 {status}", named)
    return _record("response", url, head + body)


def request(url: str) -> bytes:
    return _record("request", url, http_head("GET / HTTP/1.1", [("Host", "site.example")]))


def _record(kind: str, url: str, block: bytes) -> bytes:
    target = [("WARC-Target-URI", url)]
    return record(kind, record_id(kind, url, DATE), DATE, target, f"application/http; msgtype={kind}", block)


def write_crawl(folder: Path) -> Path:
    """A crawl of two files: prose, its copies and near copies, other languages, and what is no page."""
    folder.mkdir(parents=True)
    pages = [(f"https://site.example/{module}", prose(module)) for module in MODULES]
    pages = [(url, text) for url, text in pages if len(text.split()) > 120]
    first = [item for url, text in pages for item in (request(url), response(url, html(url, text)))]
    (folder / "a.warc.gz").write_bytes(b"".join(first))
    copies = [response(f"{url}/copy", html(url, text)) for url, text in pages[:4]]
    near = [response(f"{url}/near", html(url, f"{text}\n\nUpdated on a Tuesday.")) for url, text in pages[4:8]]
    languages = [
        response(f"https://{code}.example/", html(code, text))
        for code, text in (("zh", CHINESE), ("ja", JAPANESE), ("de", GERMAN))
    ]
    gbk = response("https://gbk.example/", html("黄河", YELLOW_RIVER).decode().encode("gb18030"))
    others = [
        response("https://site.example/gone", b"<p>no</p>", status="404 Not Found"),
        response("https://site.example/photo", b"\x89PNG", content_type="image/png"),
        response("https://site.example/short", html("short", "Too short to keep.")),
    ]
    torn = bytearray(response("https://site.example/torn", html("torn", pages[0][1])))
    torn[len(torn) // 2] ^= 0xFF
    cut = response("https://site.example/cut", html("cut", pages[1][1]))
    tail = [
        *copies,
        *near,
        *languages,
        gbk,
        *others,
        bytes(torn),
        response("https://site.example/last", html("l", "x")),
    ]
    (folder / "b.warc.gz").write_bytes(b"".join([*tail, cut[: len(cut) // 2]]))
    return folder
