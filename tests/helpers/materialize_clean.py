"""A process of a deployment: `python materialize_clean.py CRAWL RECIPE` materializes a crawl up to its clean documents
under one recipe, in the instance that DAGSTER_HOME configures and the lake of HEADWATER_LAKE."""

from __future__ import annotations

import os
import sys

from corpus.lake.store import Lake
from headwater.graph_run import GraphRun
from pipelines.engine import Engine


def main(crawl: str, recipe: str) -> None:
    GraphRun(Lake(os.environ["HEADWATER_LAKE"]), Engine(workers=1), recipe, quiet=True).run_until_clean([crawl])


if __name__ == "__main__":
    main(*sys.argv[1:])
