"""Tuning studies: what `headwater tune` left of each search, LAKE/tuning/STUDY/study.json (docs/tuning.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corpus.lake.store import Lake
from dagster_project.folders import local_folder

FILE, PAGE = "study.json", "index.html"
TUNING = "tuning"  # the folder of all studies
Study = Mapping[str, Any]  # as headwater/tuning/study_file.py writes it


def study_folder(lake: Lake, name: str) -> Path:
    """Beside a local lake's datasets, or in the default lake's folder."""
    return local_folder(lake, TUNING) / name


def read_study(lake: Lake, name: str) -> Study:
    """Raises FileNotFoundError where no study of that name has come to its end."""
    found: dict[str, Any] = json.loads((study_folder(lake, name) / FILE).read_bytes())
    return found


def studies_of(lake: Lake, recipe: str) -> Iterator[Study]:
    """Those in which the recipe was tuned, and the one that it comes from, by name."""
    for path in sorted(local_folder(lake, TUNING).glob(f"*/{FILE}")):
        found = read_study(lake, path.parent.name)
        if recipe in (found["recipe"], found["written"]):
            yield found


def page_from_report(lake: Lake, name: str) -> str | None:
    """Where a recipe's report finds the study's page; None where the lake is elsewhere than its studies."""
    return f"../../{TUNING}/{quote(name)}/{PAGE}" if lake.local else None
