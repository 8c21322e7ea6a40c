"""Texts of files and lakes, and countries by the names of hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.lake.store import Lake
from headwater.risks.filters import country
from headwater.risks.texts import texts_of_files, texts_of_lake


def test_the_country_of_a_host_is_its_last_label() -> None:
    assert [country(host) for host in ("www.example.de", "a.co.uk", "example.com", "localhost", "", None)] == [
        ".de",
        ".uk",
        *["no country"] * 4,
    ]


def test_texts_of_files_are_read_as_a_crawl_s(tmp_path: Path) -> None:
    for name in ("seen", "unseen"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": f"what is {name}"}) + "\n")
    texts = texts_of_files([str(tmp_path / "seen.jsonl")], [str(tmp_path / "unseen.jsonl")], 3)
    assert (texts.seen, texts.unseen) == (["what is seen"], ["what is unseen"])


def test_a_lake_without_a_split_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no split of this recipe; run it, or give --seen and --unseen"):
        texts_of_lake(Lake(str(tmp_path)), 3)
