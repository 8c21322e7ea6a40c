"""Trimming: what repeats across documents goes from all but the first, nothing else changes, however it is run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from stages import page, publish

from corpus.duplicates.banding import DuplicateConfig
from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from corpus.privacy.mask import KINDS
from corpus.repeats.lines import LineConfig
from corpus.repeats.spans import SpanConfig
from pipelines import repeats
from pipelines.cleaning import CLEAN
from pipelines.commands import main
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine
from pipelines.parts import StageError
from pipelines.repeats import TrimConfig
from pipelines.trimming import trim

COOKIES = "We use cookies to improve your experience on this site."
CHINESE = "我们使用饼干来改善您在本网站上的体验。"
MENU = "Home\nAbout us\nOur products\nContact"
LINES = TrimConfig(lines=LineConfig())
SPANS = TrimConfig(spans=SpanConfig())
BOTH = TrimConfig(lines=LineConfig(), spans=SpanConfig())
ENGINE = Engine(runner="DirectRunner", workers=1)


def prose(seed: int, size: int = 40) -> str:
    """Words that no other seed has."""
    return " ".join(f"w{seed}x{number}" for number in range(size)) + "."


def cleaned(
    lake: Lake,
    texts: Sequence[str],
    hosts: Sequence[str | None] | None = None,
    parts: int = 2,
    shuffle: int | None = None,
) -> Manifest:
    """A clean crawl of these texts, in the order of their offsets; `shuffle` deals them out in another."""
    record = {"payload_digest": "", "html_bytes": 0, "charset": "utf-8", "flags": []}
    rest = record | {"masked": dict.fromkeys(KINDS, 0)}
    names = hosts or ["a.example"] * len(texts)
    rows = [
        page("big", number, text=text, host=host, **rest)
        for number, (text, host) in enumerate(zip(texts, names, strict=True))
    ]
    if shuffle is not None:
        random.Random(shuffle).shuffle(rows)
    return publish(lake, "clean", "big", [], {"documents": (CLEAN, rows)}, parts=parts)


def rows(lake: Lake, manifest: Manifest, kind: str) -> list[dict[str, Any]]:
    found = [row for table in lake.read(manifest, kind) for row in table.to_pylist()]
    return sorted(found, key=lambda row: (row["doc_id"], row.get("start", 0)))


def trimmed(lake: Lake, clean: Manifest, config: TrimConfig) -> list[str | None]:
    """What is left of each text, in the order of their offsets; None for a document that went.

    Holds what is true of any result: no record is lost, and each text is the clean one without the recorded cuts, each
    of which names another document that had the same before.
    """
    manifest = trim(lake, clean, config, ENGINE).manifest
    assert manifest.counts.lost == 0
    before = {row["doc_id"]: row for row in rows(lake, clean, "documents")}
    after = {row["doc_id"]: row for row in rows(lake, manifest, "documents")}
    ledger = rows(lake, manifest, "ledger")
    assert {row["reason"] for row in ledger} <= {"only_repeated_text"}
    assert {*after, *(row["doc_id"] for row in ledger)} == set(before)
    cuts = rows(lake, manifest, "cuts")
    left = []
    for doc_id, document in before.items():
        text, gone = document["text"], [cut for cut in cuts if cut["doc_id"] == doc_id]
        for cut in reversed(gone):
            text = text[: cut["start"]] + text[cut["stop"] :]
            assert before[cut["keeper"]]["warc_offset"] < document["warc_offset"]
        if doc_id in after:
            assert after[doc_id] == document | {"text": text}
        left.append((document["warc_offset"], text if doc_id in after else None))
    assert len(before) == len(left)
    return [text for _, text in sorted(left)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_a_cookie_notice_goes_from_all_pages_of_a_host_but_the_first(lake: Lake) -> None:
    own = [prose(number) for number in range(50)]
    clean = cleaned(lake, [f"{MENU}\n\n{text}\n\n{CHINESE}\n{COOKIES}" for text in own])
    assert trimmed(lake, clean, LINES) == [f"{MENU}\n\n{own[0]}\n\n{CHINESE}\n{COOKIES}", *own[1:]]
    [manifest] = lake.datasets("trimmed")
    assert manifest.figures["repeated_paragraph:cuts"] == 2 * 49
    kinds = {(cut["kind"], cut["documents"]) for cut in rows(lake, manifest, "cuts")}
    assert kinds == {("repeated_paragraph", 50)}


def test_a_line_goes_and_its_paragraph_stays(lake: Lake) -> None:
    own = [prose(number) for number in range(10)]
    clean = cleaned(lake, [f"{CHINESE}\n{text}" for text in own])
    assert trimmed(lake, clean, LINES) == [f"{CHINESE}\n{own[0]}", *own[1:]]


def test_code_stays(lake: Lake) -> None:
    code = "def load(path):\n    if not path.exists():\n        raise FileNotFoundError(path)\n    return None\n}"
    texts = [f"{prose(number)}\n\n{code}\n# example {number}" for number in range(20)]
    found = trimmed(lake, cleaned(lake, texts), LINES)
    assert found == texts


def test_lines_are_counted_by_document(lake: Lake) -> None:
    """Twenty times in one document is once; six documents are too few, seven enough."""
    six, seven = "Read the terms of use before you go on.", "Subscribe to our newsletter for more."
    texts = [f"{six}\n{seven}\n{prose(number)}" if number < 6 else prose(number) for number in range(20)]
    texts[6] += f"\n{seven}"
    texts[0] += f"\n{six}" * 20
    found = trimmed(lake, cleaned(lake, texts), LINES)
    assert found == [texts[0], *(text.replace(f"{seven}\n", "").replace(f"\n{seven}", "") for text in texts[1:])]


def test_a_line_must_have_a_share_of_its_host(lake: Lake) -> None:
    """Eight of eight pages of one host, and eight of a hundred of another."""
    texts = [f"{COOKIES}\n{prose(number)}" if number < 16 else prose(number) for number in range(108)]
    hosts = ["small.example"] * 8 + ["large.example"] * 100
    clean = cleaned(lake, texts, hosts)
    assert trimmed(lake, clean, LINES) == [texts[0], *(prose(number) for number in range(1, 8)), *texts[8:]]
    crawl = TrimConfig(lines=LineConfig(scope="crawl", share=0.0))
    assert trimmed(lake, clean, crawl) == [texts[0], *(prose(number) for number in range(1, 108))]


def test_pages_without_a_host_are_counted_together(lake: Lake) -> None:
    texts = [f"{COOKIES}\n{prose(number)}" for number in range(8)]
    assert trimmed(lake, cleaned(lake, texts, [None] * 8), LINES)[1:] == [prose(number) for number in range(1, 8)]


def test_sixty_planted_words_go_and_forty_nine_stay(lake: Lake) -> None:
    long, short = prose(100, 60), prose(200, 49)
    texts = [f"{prose(number)} {long} {prose(number + 50)}\n\n{short} {prose(number + 80)}" for number in range(4)]
    texts[2] = texts[2].replace(long, long.upper().replace(" ", ", "))  # case and marks make no difference
    left = [f"{prose(n)} {prose(n + 50)}\n\n{short} {prose(n + 80)}" for n in range(1, 4)]
    assert trimmed(lake, cleaned(lake, texts), SPANS) == [texts[0], *left]


def test_chinese_passages_are_counted_by_character(lake: Lake) -> None:
    first, passage = "从前有一个人住在山里面。", "".join(chr(0x4E00 + number) for number in range(50)) + "。"
    texts = [f"{first}{passage}", f"后来他走了。{passage}他没有回来。", f"{passage[1:]}谁也不知道。"]
    assert trimmed(lake, cleaned(lake, texts), SPANS) == [texts[0], "后来他走了。他没有回来。", texts[2]]


def test_nothing_left_is_a_drop(lake: Lake) -> None:
    clean = cleaned(lake, [prose(1, 60), f"* {prose(1, 60)} *", prose(2)])
    assert trimmed(lake, clean, SPANS) == [prose(1, 60), None, prose(2)]
    [manifest] = lake.datasets("trimmed")
    assert manifest.counts.dropped == {"only_repeated_text": 1}
    assert len(rows(lake, manifest, "cuts")) == 1  # which says where it is


def mixed(number: int) -> str:
    passage = prose(1000 + number % 7, 70)
    return f"{MENU}\n\n{prose(number)}\n{passage}\n\n{COOKIES if number % 3 else ''}\n{CHINESE}".strip()


def test_the_same_bytes_for_any_number_of_workers(lake: Lake, tmp_path: Path) -> None:
    texts = [mixed(number) for number in range(60)]
    digests = set()
    for workers in (1, 2, 4):
        other = Lake(str(tmp_path / f"{workers}"))
        manifest = trim(other, cleaned(other, texts, parts=5), BOTH, Engine(workers=workers)).manifest
        assert {"repeated_paragraph:cuts", "repeated_span:cuts"} <= set(manifest.figures)
        digests.add(manifest.digest)
    assert len(digests) == 1


def test_the_order_and_the_files_of_documents_change_nothing(tmp_path: Path) -> None:
    texts = [mixed(number) for number in range(60)]
    found = []
    for seed, parts in ((None, 1), (1, 2), (2, 7)):
        lake = Lake(str(tmp_path / f"{seed}"))
        clean = cleaned(lake, texts, parts=parts, shuffle=seed)
        manifest = trim(lake, clean, BOTH, ENGINE).manifest
        found.append((trimmed(lake, clean, BOTH), rows(lake, manifest, "cuts")))
    assert found[0] == found[1] == found[2]


@pytest.mark.usefixtures("in_process")
def test_counts_are_merged_a_range_of_keys_at_a_time(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [mixed(number) for number in range(60)]
    whole = trim(lake, cleaned(lake, texts), LINES, ENGINE).manifest
    monkeypatch.setattr(repeats, "COUNTS_HELD", 17)
    monkeypatch.setattr(repeats, "GROUP", 5)
    other = Lake(str(tmp_path / "other"))
    in_ranges = trim(other, cleaned(other, texts), LINES, ENGINE).manifest
    assert rows(other, in_ranges, "cuts") == rows(lake, whole, "cuts") != []


@pytest.mark.usefixtures("in_process")
def test_a_run_that_was_stopped_goes_on_with_its_counts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = cleaned(lake, [mixed(number) for number in range(60)])

    def stop(*_: object) -> None:
        raise RuntimeError("stopped")

    with monkeypatch.context() as patch, pytest.raises(StageError, match="stopped"):
        patch.setattr(repeats.Gather, "process", stop)
        trim(lake, clean, LINES, ENGINE)
    with monkeypatch.context() as patch:
        patch.setattr(repeats.Count, "process", stop)  # would be done again
        assert trim(lake, clean, LINES, ENGINE).manifest.figures["repeated_paragraph:cuts"] > 0


def test_a_crawl_too_large_for_a_suffix_array_is_refused(lake: Lake) -> None:
    config = TrimConfig(spans=SpanConfig(max_words=100))
    with pytest.raises(StageError, match=r"more than 100 words.*divide the crawl.*max_words"):
        trim(lake, cleaned(lake, [prose(number) for number in range(5)]), config, ENGINE)
    assert not list(lake.datasets("repeats"))


def test_nothing_to_trim_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to cut out"):
        TrimConfig()


@pytest.mark.parametrize("texts", [[], ["one"], ["one", "two"]])
def test_a_crawl_of_next_to_nothing_passes_as_it_is(lake: Lake, texts: list[str]) -> None:
    assert trimmed(lake, cleaned(lake, texts), BOTH) == texts


def test_documents_are_deduplicated_trimmed_or_not(lake: Lake) -> None:
    """Two articles that differ by their sites' furniture alone are one when it is gone."""
    article, furniture = prose(1, 45), [prose(100 + number) for number in range(2)]
    texts = [f"{furniture[number // 8]}\n\n{article if number % 8 == 1 else prose(number)}" for number in range(16)]
    clean = cleaned(lake, texts, ["a.example"] * 8 + ["b.example"] * 8)
    manifest = trim(lake, clean, LINES, ENGINE).manifest
    [unique] = [outcome.manifest for outcome in deduplicate(lake, [clean], DuplicateConfig(), ENGINE)]
    assert unique.counts.kept == 16
    [unique] = [outcome.manifest for outcome in deduplicate(lake, [manifest], DuplicateConfig(), ENGINE)]
    assert unique.counts.dropped == {"exact_duplicate": 1}


def test_the_command_prints_what_it_published(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    clean = cleaned(lake, [f"{COOKIES}\n{mixed(number)}" for number in range(10)])
    flags = ["--lake", lake.url, "--workers", "1"]
    assert main(["trim", f"clean/{clean.address}", *flags, "--documents", "11"]) == 0
    assert main(["trim", f"clean/{clean.address}", *flags, "--scope", "crawl", "--share", "0", "--spans", "50"]) == 0
    assert capsys.readouterr().out.count("trimmed/") == 2
    few, many = sorted(lake.datasets("trimmed"), key=lambda manifest: len(manifest.figures))
    assert main(["trim", f"clean/{clean.address}", *flags, "--no-lines", "--spans", "70"]) == 0
    assert "'lines': None" in str([manifest.config for manifest in lake.datasets("trimmed")])
    assert main(["trim", f"clean/{clean.address}", *flags, "--no-lines"]) == 1
    assert "trimmed_documents" not in few.figures
    assert many.config["lines"]["scope"] == "crawl" and many.figures["repeated_span:cuts"] > 0
    assert main(["deduplicate", f"trimmed/{many.address}", *flags]) == 0
    assert main(["trim", f"clean/{clean.address}", *flags, "--share", "2"]) == 1
