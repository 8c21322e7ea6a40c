"""Arguments: the flags of each stage of `python -m pipelines`."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields
from typing import Any

from corpus.config import literal_choices
from pipelines.engine import LOCAL, WORKER_TIMEOUT

# Files that a stage takes from the user: flag, help.
LISTS = {
    "ingest": {
        "--removals": "a list of URLs and document ids that must not be used",
        "--blocked-urls": "a list of URLs to leave out",
        "--blocked-hosts": "a list of hosts to leave out, with all below them",
    },
    "clean": {"--bad-words": "a folder of lists named by language, such as en or zh.txt"},
    "encode": {
        "--vocabulary": "do not learn a vocabulary but use this: a tokenizer.json, NAME.tiktoken, or a folder with "
        "vocab.json and merges.txt"
    },
}
# Of Columns: flag, help. For the stages that read files.
COLUMNS = {
    "--text": "column or field of the texts, a nested one as meta.text (default: text or content)",
    "--id": "column or field of the documents' URLs (default: url, or id where that is a URL)",
}
READ_FILES = ("ingest", "clean")
# Of MixConfig: field, type, help.
MIX: dict[str, tuple[type, str]] = {
    "by": (str, "group documents by language, crawl, source (a file of a crawl) or host"),
    "tokens": (int, "total tokens (default: as many as the groups have)"),
    "max_epochs": (float, "maximum number of times that a group is repeated (default: 4)"),
    "seed": (int, "random seed of the choice of documents"),
}


def add_arguments(stage: argparse.ArgumentParser, name: str, config: type | None, reads: str) -> None:
    """The flags of a stage by its name, the fields of its configuration, if it has one, and what it reads, "" where
    that is a crawl."""
    if reads:
        stage.add_argument("dataset", nargs="+", metavar=reads.split()[0], help=f"what to read: {reads}")
    else:
        stage.add_argument(
            "--crawl", action="append", required=True, help="a file, a folder of them, or a Common Crawl id"
        )
    for flag, says in LISTS.get(name, {}).items():
        stage.add_argument(flag, metavar="URL", help=says)
    if name == "encode":
        stage.add_argument(
            "--allow-loss", action="store_true", help="take a --vocabulary from which texts do not come back"
        )
    for flag, says in COLUMNS.items() if name in READ_FILES else ():
        stage.add_argument(flag, metavar="COLUMN", help=says, default=argparse.SUPPRESS)
    if name == "trim":
        stage.add_argument("--spans", type=int, metavar="WORDS", help="cut out repeated spans of so many words too")
        stage.add_argument("--no-lines", dest="lines", action="store_false", help="leave repeated lines in")
    if name == "shard":
        stage.add_argument(
            "--share",
            action="append",
            metavar="GROUP=NUMBER",
            help="mix training documents by share of tokens, such as en=0.7; a group may be a pattern, * for all "
            "others; repeatable",
        )
        for of_mix, (kind, says) in MIX.items():
            stage.add_argument(f"--mix-{of_mix.replace('_', '-')}", type=kind, help=says)
    stage.add_argument("--lake", default=".headwater", help="where datasets live: a folder or any fsspec URL")
    stage.add_argument("--runner", default=LOCAL, help="Beam runner; other flags are passed on to it")
    stage.add_argument("--workers", type=int, default=os.cpu_count(), help="local processes")
    stage.add_argument(
        "--worker-timeout",
        type=float,
        default=WORKER_TIMEOUT,
        metavar="SECONDS",
        help="end the job of another runner when none of its workers has begun by then",
    )
    if config is None:
        return
    words = literal_choices(config)
    for field in fields(config):
        option: dict[str, Any] = {"default": field.default, "help": "of the recipe"}
        if field.name in words:
            option["choices"] = words[field.name]
        elif isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
            option["type"] = type(field.default)
        else:
            continue
        stage.add_argument(f"--{field.name.replace('_', '-')}", **option)
