"""Forgettable: a small web of three hosts: alpha, in a file of its own, has the longer one of two pages that are nearly
the same; beta has the other; gamma is in a crawl of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crawls import MODULES, html, prose, response
from graphs import SMALL

from corpus.lake.current import RecipeLake
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.cleaning import clean
from pipelines.deduplication import deduplicate
from pipelines.engine import Engine
from pipelines.holdout import hold_out, make_items
from pipelines.ingestion import ingest
from pipelines.shards import shard
from pipelines.tokenization import encode
from pipelines.vocabulary import make_vocabulary

PLANTED = (
    "Seventeen lavender tugboats rehearsed the overture beneath a cardboard moon while the harbour "
    "master counted umbrellas backwards and forwards until breakfast."
)
SHARED = prose("argparse")
ALPHA, BETA, GAMMA = "alpha.example", "beta.example", "gamma.example"
FILES = {ALPHA: "z-alpha.warc.gz", BETA: "b-beta.warc.gz"}


def pages(host: str) -> dict[str, str]:
    """URL -> text."""
    usable = [module for module in MODULES if len(prose(module).split()) > 120 and module != "argparse"]
    if host == GAMMA:
        return {f"https://{GAMMA}/{module}": prose(module) for module in usable[20:28]}
    if host == BETA:
        own = {f"https://{BETA}/{module}": prose(module) for module in usable[8:20]}
        return own | {f"https://{BETA}/same": SHARED}
    own = {f"https://www.{ALPHA}/{module}": f"{prose(module)}\n\n{PLANTED}" for module in usable[:8]}
    return own | {f"https://{ALPHA}/same": f"{SHARED}\n\nUpdated by its author on a Tuesday evening."}


def write_web(folder: Path, hosts: Sequence[str]) -> list[str]:
    """The crawls of the hosts that are wanted, as GraphRun takes them: `news` of alpha and beta, `docs` of gamma."""
    crawls = []
    for crawl, held in (("docs", (GAMMA,)), ("news", (ALPHA, BETA))):
        wanted = [host for host in held if host in hosts]
        if wanted:
            (folder / crawl).mkdir(parents=True)
            crawls.append(str(folder / crawl))
        for host in wanted:
            records = [response(url, html(url, text)) for url, text in pages(host).items()]
            (folder / crawl / FILES.get(host, "a.warc.gz")).write_bytes(b"".join(records))
    return crawls


def compute(lake: Lake, crawls: Sequence[str]) -> None:
    """What the recipe `base` stands for, until its shards, by `pipelines` alone."""
    view, engine, recipe = RecipeLake(lake.url, "base"), Engine(workers=1), SMALL
    documents = [ingest(view, open_crawl(url), recipe.ingest, engine).manifest for url in crawls]
    cleaned = [clean(view, manifest, recipe.clean, engine).manifest for manifest in documents]
    uniques = [outcome.manifest for outcome in deduplicate(view, cleaned, recipe.duplicates, engine)]
    split = hold_out(view, uniques, recipe.heldout, engine).manifest
    make_items(view, split, recipe.items, engine)
    tokenizer = make_vocabulary(view, split, recipe.vocabulary, engine).manifest
    shard(view, encode(view, split, tokenizer, engine).manifest, tokenizer, recipe.shards, engine)
