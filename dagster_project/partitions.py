"""Partitions: crawls come as they are added, recipes are named in code.

A crawl's key says where it comes from: `stdlib` and `packages` are the built-in ones, `CC-MAIN-2026-05#3` are files of
Common Crawl, anything else is the path or URL of a file or of a folder of files, of any kind that corpus.sources reads.
Its id, which is part of every document's identity, is the key's last part.
"""

from __future__ import annotations

import os

import dagster as dg
import fsspec
from fsspec.implementations.local import LocalFileSystem

from corpus.sources import commoncrawl, crawl_id
from recipes.named import RECIPES

BUILT_IN = ("stdlib", "packages")

crawls = dg.DynamicPartitionsDefinition(name="crawls")
recipes = dg.StaticPartitionsDefinition(sorted(RECIPES))
crawl_recipes = dg.MultiPartitionsDefinition({"crawl": crawls, "recipe": recipes})


def crawl_key(url: str) -> str:
    """The partition key of a path or URL: local paths are made absolute, so that a key means the same anywhere."""
    if url in BUILT_IN or commoncrawl.parse_crawl_id(url) is not None:
        return url
    fs, root = fsspec.core.url_to_fs(url)
    return os.path.realpath(root) if isinstance(fs, LocalFileSystem) else url


def crawl_recipe_key(crawl: str, recipe: str) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({"crawl": crawl, "recipe": recipe})


def distinct_ids(keys: list[str]) -> None:
    """Raises ValueError when two crawls would have one id, and so their documents one identity."""
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(crawl_id(key), key)
        if other != key:
            raise ValueError(f"{other} and {key} are both named {crawl_id(key)!r}: rename one of them")
