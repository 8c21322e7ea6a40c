"""`headwater`: the river from one command line. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.lake.store import DEFAULT_LAKE, Lake
from headwater.commands import demo
from training.evaluation.flags import add_flags

STAGES = "documents, clean, trimmed, unique or split"
EXTRACT = (
    "Print a JSON line a page: path, title, language, text, and what else is known; with an error in place of these \
where a page has no text. Ends with 1 when that or a path that cannot be read happened."
)
DEDUP = (
    "Of documents that are equal, or nearly so, keep the longest; of equally long ones that with the least id. Writes "
    "DIR/survivors.parquet and DIR/ledger.parquet: which went, for which that stays, and how similar the two are. "
    "Replaces files of these names in DIR, and leaves others alone."
)
COMPARE = (
    "Compare two sides item by item, on each task that both have: first the smallest effect that could have been seen, "
    "then the difference, its interval, and p corrected over tasks. Results of another version, definition, data or "
    "prompt are refused."
)
SCORE = (
    "Ask a checkpoint a benchmark's items by lm-eval. Writes OUT/TASK/score.json and items.parquet, a row an item, and "
    "prints the score with its interval. Nothing is fetched."
)
MEASURES = ("jaccard", "containment")
EXTRACTORS = ("blocks", "trafilatura", "justext", "union")


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what pages wrote is of any script, whatever the locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code: int = args.run(args)
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, RuntimeError) as error:
        from headwater.terminal import printable

        print(f"error: {printable(str(error))}", file=sys.stderr)  # it may quote what a file holds
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headwater", description="From a web crawl to a benchmark score.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo.add_arguments(_command(commands, "demo", demo.run, "train and score a model on built-in crawls, or on yours"))
    verify = _command(commands, "verify", _verify, "read every dataset, or the shards in a folder, and compare digests")
    verify.add_argument("folder", nargs="?", metavar="DIR", help="shards anywhere, in place of the lake")
    verify.add_argument("--tokenizer", metavar="FILE", help="the tokenizer.json that the shards in DIR are to be of")
    verify.add_argument("--json", action="store_true", help="an object a line for each dataset or set of shards")
    trace = _command(
        commands,
        "trace",
        _trace,
        "follow a page to the steps that read it, a step to its source records, or a score to all behind it",
    )
    trace.add_argument("what", nargs="?", metavar="PAGE", help="a page's URL, or its doc_id in hex")
    trace.add_argument("--step", type=int, help="a training step, from 1")
    trace.add_argument("--score", metavar="TASK", help="the scores of a task, with all datasets that they were made of")
    inspect = _command(commands, "inspect", _inspect, "show what a stage kept and dropped, why, and the texts")
    inspect.add_argument(
        "stage",
        metavar="STAGE",
        help=f"{STAGES}; shards, or a folder or URL of them; or STAGE/ADDRESS for a dataset that is not the latest",
    )
    inspect.add_argument("--tokenizer", metavar="FILE", help="tokenizer.json that decodes the shards of a folder")
    inspect.add_argument("--reason", metavar="R", help="show what breaks this rule or was dropped for this reason")
    inspect.add_argument("--crawl", metavar="C", help="of this crawl alone, by its id")
    inspect.add_argument("--language", metavar="L", help="in this language alone, by its code")
    inspect.add_argument(
        "--limit", type=int, default=3, metavar="N", help="documents, or chunks, of each dataset (default: 3)"
    )
    inspect.add_argument(
        "--json", action="store_true", help="one object a dataset, then one a document, with all its text"
    )
    found = _command(commands, "contamination", _contamination, "show which benchmark items stand in which documents")
    found.add_argument("--task", metavar="T", help="of this benchmark alone")
    found.add_argument("--limit", type=int, default=3, metavar="N", help="matches that are shown (default: 3)")
    found.add_argument("--json", action="store_true", help="an object a benchmark, then one a match, with all its text")
    extract = commands.add_parser("extract", help="print the main text of HTML files", description=EXTRACT)
    extract.add_argument("paths", nargs="+", metavar="PATH", help="an HTML file, a folder of them, a WARC file, or -")
    extract.add_argument("--extractor", choices=EXTRACTORS, default=EXTRACTORS[0], help="default: %(default)s")
    extract.set_defaults(run=_extract)
    dedup = commands.add_parser("dedup", help="remove duplicates from files of documents", description=DEDUP)
    dedup.add_argument("paths", nargs="+", metavar="FILE", help="Parquet, or JSON lines (.jsonl, also .gz, .zst)")
    dedup.add_argument("--out", required=True, metavar="DIR", help="where survivors.parquet and ledger.parquet go")
    dedup.add_argument("--threshold", type=float, default=0.8, metavar="S", help="least similarity (default: 0.8)")
    dedup.add_argument(
        "--measure",
        choices=MEASURES,
        default=MEASURES[0],
        help="of the 5-grams of words: Jaccard, or the share of a document's that the one that stays contains "
        "(default: %(default)s)",
    )
    dedup.add_argument("--id", default="id", metavar="COLUMN", help="strings or integers, each once (default: id)")
    dedup.add_argument("--text", default="text", metavar="COLUMN", help="default: text")
    dedup.set_defaults(run=_dedup)
    compare = commands.add_parser(
        "compare", help="say whether the scores of two checkpoints differ", description=COMPARE
    )
    for side in ("a", "b"):
        compare.add_argument(
            side, metavar=side.upper(), help="a folder of `headwater score --out`; several seeds with commas between"
        )
    compare.add_argument(
        "--groups", action="store_true", help="also the parts of each task, such as subjects: no tests"
    )
    compare.add_argument("--json", action="store_true", help="one object, with all of that")
    compare.set_defaults(run=_compare)
    score = commands.add_parser("score", help="score a checkpoint on benchmarks on this machine", description=SCORE)
    add_flags(score)
    score.add_argument(
        "--every-checkpoint", action="store_true", help="of all checkpoints of a run: OUT/curve.json and curve.parquet"
    )
    score.set_defaults(run=_score)
    ui = _command(commands, "ui", _ui, "start dagster dev on a lake's history")
    ui.add_argument("--port", type=int, default=3000)
    return parser


def _command(commands: argparse._SubParsersAction, name: str, run: object, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--lake", default=DEFAULT_LAKE, metavar="URL", help=f"default: {DEFAULT_LAKE}")
    parser.set_defaults(run=run)
    return parser


def _verify(args: argparse.Namespace) -> int:
    from headwater.commands.verify import verify_lake, verify_shards

    if args.folder is not None:
        return verify_shards(args.folder, args.tokenizer, args.json)
    if args.tokenizer is not None:
        raise ValueError("--tokenizer: which folder of shards is to be of that tokenizer? Give it too")
    return verify_lake(args.lake, args.json)


def _trace(args: argparse.Namespace) -> int:
    from headwater.commands.trace import trace

    for line in trace(Lake(args.lake), args.what, args.step, args.score):
        print(line)
    return 0


def _inspect(args: argparse.Namespace) -> int:
    if args.limit < 0:
        raise ValueError(f"--limit {args.limit}: at least 0 is needed")
    from corpus.audit.inspection import inspect
    from headwater.commands.inspect import json_lines, lines

    asked = {name: getattr(args, name) for name in ("crawl", "reason", "language", "limit")}
    elsewhere = "://" in args.stage or Path(args.stage, "index.json").is_file()
    if elsewhere or args.stage.partition("/")[0] == "shards":
        return _inspect_shards(args, not elsewhere, [name for name in ("crawl", "reason", "language") if asked[name]])
    found = inspect(Lake(args.lake), args.stage, **asked)
    for line in json_lines(found) if args.json else lines(found, args.reason):
        print(line)
    return 0


def _contamination(args: argparse.Namespace) -> int:
    if args.limit < 0:
        raise ValueError(f"--limit {args.limit}: at least 0 is needed")
    from headwater.commands.contamination import contamination, json_lines, lines

    found = contamination(Lake(args.lake), args.task, args.limit)
    for line in json_lines(found) if args.json else lines(found):
        print(line)
    return 0


def _inspect_shards(args: argparse.Namespace, in_lake: bool, unfit: list[str]) -> int:
    from headwater.commands.inspect_shards import json_lines, lines, of_folder, of_lake

    if unfit:
        raise ValueError(f"--{unfit[0]}: shards are shown as they are; `inspect split` looks into their documents")
    if in_lake:
        found = of_lake(Lake(args.lake), args.stage, args.limit)
    else:
        found = of_folder(args.stage, Path(args.tokenizer) if args.tokenizer else None, args.limit)
    for line in json_lines(found) if args.json else lines(found):
        print(line)
    return 0


def _extract(args: argparse.Namespace) -> int:
    from corpus.extract import ExtractConfig
    from headwater.commands.extract import extract_paths

    return extract_paths(args.paths, ExtractConfig(extractor=args.extractor))


def _dedup(args: argparse.Namespace) -> int:
    from corpus.duplicates.banding import DuplicateConfig
    from headwater.commands.dedup import dedup
    from headwater.terminal import printable

    config = DuplicateConfig(threshold=args.threshold, measure=args.measure)
    for line in dedup(args.paths, args.id, args.text, config, Path(args.out)):
        print(printable(line))
    return 0


def _score(args: argparse.Namespace) -> int:
    from training.evaluation import curve, score

    if not args.every_checkpoint:
        score.run(args)
        return 0
    if args.shards:
        raise ValueError("--shards: the untrained model and a unigram stand beside one checkpoint, not beside a curve")
    limits = [args.limit] if args.limit is not None else None
    curve.run(argparse.Namespace(**{**vars(args), "checkpoint": [args.checkpoint], "limit": limits}))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from headwater.commands.compare import as_json, folders, lines
    from training.significance.comparison import compare

    found = compare(folders(args.a), folders(args.b))
    for line in [as_json(found)] if args.json else lines(found, args.groups):
        print(line)
    return 0


def _ui(args: argparse.Namespace) -> int:
    from dagster_project.instance import use_home

    use_home(Lake(args.lake))
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_project.definitions"]
    os.execv(sys.executable, [*command, "-h", "127.0.0.1", "-p", str(args.port)])


if __name__ == "__main__":
    sys.exit(main())
