"""Risks: what a model, and the filters behind it, may do wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from headwater.options import CHECKPOINT, add_lake, add_recipe, positive_int
from headwater.terminal import json_line

DESCRIPTION = (
    "Measure what a model may do wrong, as one table with intervals: errors in its input, training text that it says "
    "word for word or gives away, bias, bad words and personal data in what it writes, planted secrets; and which "
    "documents the recipe's filters drop. Texts are those of the recipe in the lake, or of --seen and --unseen."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", nargs="?", default="latest", metavar="CHECKPOINT", help=f"{CHECKPOINT} (latest)")
    add_lake(parser)
    add_recipe(parser)
    parser.add_argument(
        "--seen", action="append", default=[], metavar="PATH", help="texts that the model was trained on; repeatable"
    )
    parser.add_argument(
        "--unseen",
        action="append",
        default=[],
        metavar="PATH",
        help="texts of the same kind that it was not",
    )
    parser.add_argument("--texts", type=positive_int, default=200, metavar="N", help="of each, at most (200)")
    parser.add_argument("--bias", type=Path, metavar="DIR", help="CrowS-Pairs, WinoBias, Winogender and BBQ below it")
    parser.add_argument("--bad-words", metavar="DIR", help="lists by language, such as en, a word a line")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the texts, for --bad-words (en)")
    parser.add_argument("--canaries", type=Path, metavar="FILE", help="as `headwater canaries` wrote it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write DIR/risks.json and DIR/risks.md")
    parser.add_argument("--threads", type=positive_int, default=2, metavar="N", help="CPU threads (2)")


def run(args: argparse.Namespace) -> int:
    """With --json an object for each finding."""
    from headwater.model_actions import measure_risks

    def say(part: str) -> None:
        if not args.quiet:
            print(f"{part} ...", file=sys.stderr)

    names = ("texts", "seen", "unseen", "bias", "bad_words", "language", "canaries", "threads", "recipe", "lake")
    found = measure_risks(args.checkpoint, say=say, **{name: getattr(args, name) for name in names})
    from headwater.checkpoints import resolve_checkpoint
    from headwater.risks.page import render_findings
    from training.risks.findings import as_rows, lines
    from training.risks.measuring import digest_of, write_findings

    for line in map(json_line, as_rows(found)) if args.json else lines(found):
        print(line)
    if args.out:
        digest = digest_of(resolve_checkpoint(args.checkpoint, args.lake, args.recipe))
        args.out.mkdir(parents=True, exist_ok=True)
        write_findings(found, digest, args.out / "risks.json")
        (args.out / "risks.md").write_text(render_findings(found, digest), encoding="utf-8")
    return 0
