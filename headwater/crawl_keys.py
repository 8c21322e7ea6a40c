"""Crawl keys: what Dagster calls a crawl, its partition: where its files are."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from corpus.lake.current import RecipeLake
from corpus.lake.stages import CRAWL
from corpus.lake.store import Lake
from dagster_project.partitions import BUILT_IN, crawl_key, distinct_ids


def resolve_crawls(urls: Sequence[str]) -> list[str]:
    """The partition keys of crawls, sorted. Raises ValueError when two would have one id, FileNotFoundError when a path
    of this machine does not exist."""
    keys = sorted({crawl_key(url) for url in urls})
    distinct_ids(keys)
    for key in keys:
        if os.path.isabs(key) and not Path(key).exists():
            raise FileNotFoundError(
                f"--crawl: {key} does not exist; give a path or URL that does, or one of {', '.join(BUILT_IN)}"
            )
    return keys


def find_keys(lake: Lake, ids: Collection[str]) -> list[str]:
    """The partition keys of crawls in Dagster: where their files are."""
    crawls = RecipeLake(lake.url, None).datasets(CRAWL)
    return [str(lake.read_run(one).get("url", one.partition)) for one in crawls if one.partition in ids]
