"""Demo: from crawls to a model, its scores and a report, in one command; then what to type next."""

from __future__ import annotations

import argparse
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.engine_options import add_engine, chosen_engine
from headwater.logs import divert_stdout
from headwater.options import DEFAULT_LAKE, add_lake
from headwater.terminal import json_line, one_line, printable

if TYPE_CHECKING:
    from corpus.lake.store import Lake

DEFAULT, FULL, OWN_CRAWL = "demo", "documentation", "base"
SAMPLE_CHARACTERS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--crawl",
        action="append",
        default=[],
        metavar="PATH",
        help="a file (WARC, WET, ARC, WACZ, Parquet, JSONL, CSV, HTML, text, Wikipedia dump, or a zip or tar of them) "
        "or a folder of them, at any fsspec URL, a Common Crawl id with a number of files, such as CC-MAIN-2026-05#3, "
        "or a built-in crawl, stdlib or packages; repeatable (default: the recipe's)",
    )
    add_lake(parser)
    add_engine(parser)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--recipe", metavar="NAME", help=f"a recipe, built in or a file (default: {DEFAULT}; with --crawl {OWN_CRAWL})"
    )
    size.add_argument(
        "--full",
        action="store_true",
        help=f"both built-in crawls and four times the training: the recipe {FULL}",
    )
    parser.add_argument(
        "--benchmark",
        action="append",
        default=[],
        metavar="TASK=PATH",
        help="score a prepared benchmark too, such as piqa=DIR, and train on no document that holds its items; "
        "repeatable",
    )


def run(args: argparse.Namespace) -> int:
    """Prints a line for each stage, then the summary; with --json one object, the report's numbers and its path.

    Raises ValueError or FileNotFoundError for an argument that cannot be, before anything is computed."""
    started = time.monotonic()
    if any(not url.strip() for url in args.crawl):
        raise ValueError(
            "--crawl '': give the path or URL of a file or folder, a Common Crawl id such as CC-MAIN-2026-05#3, or a "
            "built-in crawl: stdlib or packages"
        )
    from corpus.lake.store import Lake
    from headwater.crawl_keys import resolve_crawls
    from recipes.files import load_recipe

    recipe = args.recipe or (FULL if args.full else OWN_CRAWL if args.crawl else DEFAULT)
    lake = Lake(args.lake)
    keys = resolve_crawls(args.crawl or load_recipe(lake, recipe).crawls)
    benchmarks = benchmark_paths(args.benchmark)
    from headwater.graph_run import GraphRun
    from headwater.summary import summarize

    with divert_stdout(quiet=args.quiet) if args.json or args.quiet else nullcontext():
        path = GraphRun(lake, chosen_engine(args), recipe, args.quiet).run(keys, benchmarks)
    report = json.loads(lake.fs.cat_file(f"{path.rpartition('/')[0]}/report.json"))
    if args.json:
        print(json_line({"path": path, **report}))
        return 0
    print(f"\n{summarize(report)}\n")
    for line in closing_lines(lake, report, path, time.monotonic() - started):
        print(line)
    return 0


def benchmark_paths(arguments: Sequence[str]) -> dict[str, Path]:
    """TASK=PATH -> task: path. Each is read once, so that one which cannot be used is refused at once.

    Raises ValueError or FileNotFoundError naming what is wrong with it."""
    if not arguments:
        return {}
    from training.evaluation.catalog import PREPARED
    from training.evaluation.items import load_items

    tasks = {task.name: task for task in PREPARED}
    paths: dict[str, Path] = {}
    for argument in arguments:
        name, _, path = argument.partition("=")
        if name not in tasks or not path:
            raise ValueError(f"--benchmark {argument}: write TASK=PATH, with a task of {', '.join(tasks)}")
        if name in paths:
            raise ValueError(f"--benchmark {argument}: {name} is already given with {paths[name]}")
        paths[name] = Path(path).resolve()
        load_items(tasks[name], paths[name])
    return paths


def closing_lines(lake: Lake, report: Mapping[str, Any], path: str, seconds: float) -> list[str]:
    """A sample of the model's text, where everything is, and what to type next."""
    from corpus.lake.store import Lake

    datasets = {stage["stage"]: stage["address"] for stage in report["stages"]}
    model = lake.path("checkpoint", datasets["checkpoint"], "model")
    where = [] if lake.url == Lake(DEFAULT_LAKE).url else ["--lake", lake.url]
    chosen = [model] if lake.local else [f"checkpoint/{datasets['checkpoint']}", *where]
    lines = []
    for sample in report["sample"][:1]:
        text = one_line(sample["text"])[:SAMPLE_CHARACTERS]
        lines += [f"The model continues a page that it has not seen, {one_line(sample['prompt'])!r}:", f"  {text}", ""]
    lines += [
        f"model   {lake.location(model)}",
        f"report  {lake.location(path)}",
        f"time    {seconds:.0f} s",
        "",
        "Next:",
    ]
    url = next(iter(lake.read(lake.get("split", datasets["split"]), "train", ["url"])))["url"][0].as_py()
    commands = (
        ["headwater", "generate", "--checkpoint", *chosen, "--prompt", "Return the"],
        ["headwater", "trace", *where, url],
        ["headwater", "ui", *where],
    )
    return [*lines, *(f"  {printable(shlex.join(command))}" for command in commands)]
