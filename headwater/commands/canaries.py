"""Canaries: plants secrets in documents, to see later what a model gives away of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from headwater.options import non_negative_int, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Write documents in which secrets are planted, each in as many of them as it is to be repeated. A model that is "
    "trained on them is asked for the secrets by `headwater risks --canaries OUT/canaries.jsonl`. Secrets with the "
    "number 0 are planted nowhere: they tell what chance is."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("documents", metavar="PATH", nargs="+", help="texts or pages, as `--crawl` takes them")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder, for documents and secrets")
    parser.add_argument("--repeats", default="1,4,16", metavar="N,N", help="how often (default: %(default)s)")
    parser.add_argument("--each", type=positive_int, default=10, metavar="N", help="secrets of each number (10)")
    parser.add_argument("--seed", type=non_negative_int, default=0, metavar="N", help="default: 0")


def run(args: argparse.Namespace) -> int:
    """OUT/documents.jsonl is a crawl of its own; OUT/canaries.jsonl stays with who planted them."""
    from corpus.sources.rows import Columns
    from headwater.crawl_texts import read_texts
    from training.risks.canaries import make_canaries, plant, write_canaries

    if args.out.exists():
        raise ValueError(f"--out {args.out} is there already; give a new folder")
    repeats = sorted({positive_int(part) for part in args.repeats.split(",")})
    canaries = make_canaries(repeats, args.each, args.seed)
    documents = plant(read_texts(args.documents, Columns()), canaries, args.seed)
    args.out.mkdir(parents=True)
    lines = (json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    (args.out / "documents.jsonl").write_text("".join(lines), encoding="utf-8")
    write_canaries(canaries, args.out / "canaries.jsonl")
    planted = sum(canary.repeats for canary in canaries)
    said = {"folder": str(args.out), "documents": len(documents), "sentences": planted, "secrets": len(canaries)}
    about = f"{planted} sentences of {len(canaries)} secrets in {len(documents)} documents"
    print(json_line(said) if args.json else f"{args.out}: {about}")
    return 0
