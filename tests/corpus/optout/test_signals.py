"""Opt-out: what a page says against its use is heard, whoever it names and however written, and nothing else is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from warc_bytes import HTML, http, member, read, record

from corpus.archive.pages import Page, read_page
from corpus.archive.parsing import Record
from corpus.optout.blocklists import Blocklists, OptOutConfig
from corpus.optout.signals import find_refusal


def meta(name: str, content: str) -> bytes:
    return f'<html><head><meta name="{name}" content="{content}"></head><body><p>Water.</p></body></html>'.encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("noai", "opt_out:noai"),
        ("noarchive, NOAI, noimageai", "opt_out:noai"),
        ("noimageai", "opt_out:noimageai"),
        ("noindex", "opt_out:noindex"),
        ("none", "opt_out:noindex"),
        ("headwater: noindex", "opt_out:noindex"),
        ("*: noindex", "opt_out:noindex"),
        ("otherbot: nofollow, noai", "opt_out:noai"),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noindex", "opt_out:noindex"),
        ("googlebot: noindex, nofollow", None),
        ("otherbot: noindex, headwater: nofollow", None),
        ("index, follow, max-snippet: -1", None),
    ],
)
def test_x_robots_tag(value: str, reason: str | None) -> None:
    found = find_refusal([("X-Robots-Tag", value)], HTML)
    assert (found.reason if found else None) == reason
    assert found is None or found.detail == f"X-Robots-Tag: {value}"


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (meta("robots", "noai, noimageai"), "opt_out:noai"),
        (meta("ROBOTS", "NoIndex"), "opt_out:noindex"),
        (meta("GPTBot", "noai"), "opt_out:noai"),
        (meta("headwater", "none"), "opt_out:noindex"),
        (meta("tdm-reservation", "1"), "opt_out:tdm_reservation"),
        (meta("robots", "noai").decode().encode("utf-16"), "opt_out:noai"),
        (b"<META CONTENT='noindex' NAME=robots>", "opt_out:noindex"),
        (b'<meta http-equiv="X-Robots-Tag" content="noai">', "opt_out:noai"),
        (meta("tdm-reservation", "0"), None),
        (meta("googlebot", "noindex"), None),
        (meta("description", "noai"), None),
        (meta("robots", "index, follow"), None),
        (b"<!-- " + meta("robots", "noindex") + b" --><p>x</p>", None),
        (b"<p>Write &lt;meta name=robots content=noindex> to be left out.</p>", None),
        (b"<meta " * 50_000, None),
        (b"<meta " * 50_000 + b">" + meta("robots", "noindex"), "opt_out:noindex"),
        (b"<p><metallurgy " + b"x" * 5_000 + meta("robots", "noindex"), "opt_out:noindex"),
        (b'<MeTa property="og:none"><mEtA name="all" content="none">', "opt_out:noindex"),
    ],
)
def test_meta_elements(html: bytes, reason: str | None) -> None:
    found = find_refusal([], html)
    assert (found.reason if found else None) == reason


def test_tdm_reservation_header() -> None:
    found = find_refusal([("tdm-reservation", " 1 ")], HTML)
    assert found is not None and found.reason == "opt_out:tdm_reservation"
    assert find_refusal([("TDM-Reservation", "0")], HTML) is None


def test_only_the_directives_asked_for_are_honoured() -> None:
    assert find_refusal([("X-Robots-Tag", "noindex")], HTML, ("noai",)) is None
    assert find_refusal([("X-Robots-Tag", "noindex")], meta("robots", "noai"), ()) is None
    with pytest.raises(ValueError, match="noodles"):
        OptOutConfig(directives=("noodles",))


def test_a_page_carries_each_header_in_which_it_may_refuse() -> None:
    block = http(HTML, "X-Robots-Tag: otherbot: nofollow", "x-robots-tag: noai", "TDM-Reservation: 1", "X-Other: noai")
    (found,) = read(member(record(block)))
    assert isinstance(found, Record)
    page = read_page(found.warc)
    assert isinstance(page, Page)
    assert [name.lower() for name, _ in page.opt_out] == ["x-robots-tag", "x-robots-tag", "tdm-reservation"]
    refusal = find_refusal(page.opt_out, page.html)
    assert refusal is not None and refusal.reason == "opt_out:noai"


def lists(folder: Path, **entries: str) -> Blocklists:
    paths = {}
    for name, text in entries.items():
        (folder / f"{name}.txt").write_text(text)
        paths[name] = str(folder / f"{name}.txt")
    return Blocklists(OptOutConfig(**paths))  # type: ignore[arg-type]


def test_removals_are_urls_and_document_ids(tmp_path: Path) -> None:
    found = lists(tmp_path, removals=f"# asked for in May\nhttps://Site.example/a/#top\n{'0F' * 16}\n")
    for doc_id, url in ((b"\x0f" * 16, None), (bytes(16), "http://site.example:80/a")):
        refusal = found.find_refusal(doc_id, url, None)
        assert refusal is not None and refusal.reason == "opt_out:removal_list"
    assert found.find_refusal(bytes(16), "https://site.example/a/b", "site.example") is None
    assert found.find_refusal(bytes(16), "https://site.example/a?page=2", "site.example") is None


def test_blocked_urls_and_hosts(tmp_path: Path) -> None:
    found = lists(tmp_path, urls="site.example/secret\n", hosts="0.0.0.0 bad.example\n# ads\nWorse.Example\n")
    refusal = found.find_refusal(bytes(16), "https://site.example/secret", "site.example")
    assert refusal is not None and refusal.reason == "blocked:url"
    for host in ("bad.example", "a.b.bad.example", "worse.example"):
        refusal = found.find_refusal(bytes(16), None, host)
        assert refusal is not None and refusal.reason == "blocked:host" and host.endswith(refusal.detail)
    assert found.find_refusal(bytes(16), None, "notbad.example") is None
    assert found.find_refusal(bytes(16), "http://[broken", None) is None


def test_a_list_counts_by_its_content(tmp_path: Path) -> None:
    one = lists(tmp_path, hosts="bad.example\n")
    (tmp_path / "other.txt.gz").write_bytes(gzip.compress(b"bad.example\n"))
    other = OptOutConfig(hosts=str(tmp_path / "other.txt.gz"))
    assert Blocklists(other).with_digests(other) == one.with_digests(OptOutConfig(hosts="anywhere"))
    assert lists(tmp_path, hosts="good.example\n").digests != one.digests


def test_a_list_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Blocklists(OptOutConfig(removals="/nowhere/removals.txt"))
