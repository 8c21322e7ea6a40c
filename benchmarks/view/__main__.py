"""View: how long the pages of `headwater view` take in a lake of many documents: `make bench-view`.

A made-up crawl of pages in three languages is written as WARC files and goes through Headwater's own pipelines, from
extraction to shards; the checkpoint is made up. `headwater view` is then started in a process of its own, and asked
over HTTP with the cookie of its token, one question after the other: each ROUNDS times, of lists with another word,
host, rule or page each time where there are so many, of documents with another document each time, after one warm-up
that does not count. Files of the lake were written or read just before, so they are in memory where there is room. A
time is from the request to the last byte of the answer, by the clock; processor time is that of the server and of what
it starts, the mean and the most of all rounds, which the kernel counts by 10 ms. Where other programs have the cores
too, it is that which tells what a page costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, describe_others, machine
from benchmarks.view.client import Server, served, to_list
from benchmarks.view.lake import Made, make_lake

BENCHMARKS = Path(__file__).parents[1]
RESULT, TABLE = BENCHMARKS / "results" / "view.json", BENCHMARKS.parent / "docs" / "viewing-measured.md"
ROUNDS = 50
AIM = 300  # ms, of every answer
RARE_WORDS = ("nunuterdor", "salbrigonfel", "terterdorka", "wickfelgonmi", "venlomilo", "kalokadorwick")
COMMON_WORDS = ("bridge", "river", "harbour", "market", "garden", "letter", "winter", "engine", "mountain", "station")
PHRASES = ('"old bridge"', '"the narrow river"', '"near the quiet harbour"', '"more than the garden"')
Questions = dict[str, tuple[list[str], str]]


def questions(server: Server, made: Made) -> Questions:
    """What is asked -> the paths, and what each answer must hold."""
    rules = ("gopher_words", "gopher_bullet_lines", "gopher_ellipsis_lines", "near_duplicate", "exact_duplicate")
    last = max(1, made.documents // 20)
    lists: dict[str, list[str]] = {
        "a list, nothing asked": [to_list({})],
        "a list by a word that few documents hold": _lists("words", RARE_WORDS),
        "a list by a word that most documents hold": _lists("words", COMMON_WORDS),
        "a list by a phrase": _lists("words", PHRASES),
        "a list of a host": _lists("place", [f"site-{number}.example" for number in range(ROUNDS)]),
        "a list by a part of the URL": _lists("place", [f"/{word}/{n}" for n in range(1, 6) for word in COMMON_WORDS]),
        "a list of a rule": _lists("rule", rules),
        "a list of a language": _lists("language", ("en", "de", "zh")),
        "a list of an outcome": _lists("outcome", ("train", "heldout", "kept", "dropped", "duplicate", "no document")),
        "a list, words, host and outcome": [
            to_list({"words": word, "place": "site-0.example", "outcome": "train"}) for word in COMMON_WORDS
        ],
        "a list, page 100 or later": [to_list({}, min(last, 100 + place)) for place in range(ROUNDS)],
        "a list, page 100 or later of a word": [
            to_list({"words": word}, min(last, 100 + place)) for place in range(5) for word in COMMON_WORDS
        ],
    }
    count = ROUNDS + 1
    documents = {
        "a document that was trained on": (server.documents(count, outcome="train"), "kept, to train on"),
        "a document that was found by a word": (server.documents(count, words="bridge"), "Next document"),
        "a document that was held out": (server.documents(count, outcome="heldout"), "kept, held out"),
        "a document that lines were cut out of": ([f"/document/{one}" for one in made.cut[:count]], "<del title="),
        "a document that a rule dropped": (server.documents(count, rule="gopher_bullet_lines"), "dropped by clean"),
        "a copy, beside the one that stays": (server.documents(count, rule="exact_duplicate"), "No word differs."),
        "a near copy, beside the one that stays": (
            server.documents(count, rule="near_duplicate"),
            "The one that stays",
        ),
        "a record that became no document": (server.documents(count, outcome="no document"), "no document"),
    }
    asked = {what: (paths, " found") for what, paths in lists.items()} | documents
    pages = [f"{path.partition('?')[0]}/page" for path in documents["a document that was trained on"][0]]
    return asked | {"the page as crawled": (pages, "<h1>"), "labels": (["/labels"], "<h1>Labels")}


def _lists(name: str, values: Any) -> list[str]:
    return [to_list({name: value}) for value in values]


def ask(server: Server, paths: list[str], holds: str) -> dict[str, float]:
    """ms of an answer: median, p95 and most by the clock, mean and most of processor time, which the kernel counts by
    10; and the mean of its bytes."""
    if not paths:
        sys.exit(f"the lake has nothing whose page would say {holds!r}: give more --documents")
    seconds, used, sizes = [], [], []
    for place, path in enumerate(islice(cycle(paths), ROUNDS + 1)):
        before = server.processor_seconds()
        answer = server.ask(path)
        if holds not in answer.text:
            sys.exit(f"{path} should say {holds!r}, and said:\n{answer.text}")
        if place:
            seconds.append(answer.seconds)
            used.append(server.processor_seconds() - before)
            sizes.append(len(answer.text.encode()))
    return {
        "median": 1e3 * statistics.median(seconds),
        "p95": 1e3 * statistics.quantiles(seconds, n=20)[-1],
        "most": 1e3 * max(seconds),
        "cpu": 1e3 * statistics.mean(used),
        "most_cpu": 1e3 * max(used),
        "bytes": statistics.mean(sizes),
    }


def measure(made: Made) -> dict[str, Any]:
    with served(made.lake) as first:  # it makes the index of words
        indexing = first.started
        first.ask(to_list({}))
    with served(made.lake) as server:
        to_start = {"seconds": server.started, "cpu": server.processor_seconds(), "memory": server.memory()[0]}
        rows = {}
        for what, (paths, holds) in questions(server, made).items():
            rows[what] = ask(server, paths, holds)
            print(f"{what}: " + ", ".join(f"{name} {value:,.0f}" for name, value in rows[what].items()), flush=True)
        now, peak = server.memory()
    about = {name: getattr(made, name) for name in ("records", "documents", "kept", "bytes")}
    return {**about, "first_start": indexing, "start": to_start, "memory": now, "peak": peak, "rows": rows}


def table(result: dict[str, Any], about: str) -> str:
    host, found = result["machine"], result["lake"]
    rows, start = found["rows"], found["start"]
    slow = [what for what, row in rows.items() if row["most"] >= AIM]
    most = max(row["most_cpu"] for row in rows.values())
    lines = [
        "# Viewing, measured",
        "",
        "Written by `make bench-view`. " + " ".join(about.split("\n\n")[1].split()).replace("ROUNDS", str(ROUNDS)),
        "",
        f"{describe(host)}{describe_others(host)}",
        "",
        f"The lake has {found['records']:,} records, {found['documents']:,} documents and {found['kept']:,} that are "
        f"trained on or held out; with its crawl it is {found['bytes'] / 1e9:.1f} GB. `headwater view` listened "
        f"{start['seconds']:.1f} s after it was started ({start['cpu']:.1f} s of processor time), and the first time, "
        f"when it makes the index of words, after {found['first_start']:.1f} s. It held {start['memory'] >> 20:,} MiB "
        f"when it had started, {found['memory'] >> 20:,} MiB after all answers, at most {found['peak'] >> 20:,} MiB.",
        "",
        f"Milliseconds of {ROUNDS} answers each. The aim is less than {AIM} for every one; by the clock "
        + (f"the slowest of these took more: {'; '.join(slow)}." if slow else "none took more.")
        + f" In processor time the most that one took was {most:.0f}.",
        "",
        "| | median | 95 % are below | most | processor | most | kB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for what, row in rows.items():
        cells = [f"{row[name]:.0f}" for name in ("median", "p95", "most", "cpu", "most_cpu")]
        cells.append(f"{row['bytes'] / 1e3:.0f}")
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.view", description=__doc__)
    parser.add_argument("--documents", type=float, default=1e5, help="of the lake (default: 1e5)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that make the lake")
    args = parser.parse_args()
    described, started = machine(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
        made = make_lake(Path(folder), int(args.documents), args.workers)
        print(f"{made.documents:,} documents made in {time.perf_counter() - started:.0f} s", flush=True)
        found = measure(made)
    result = {"machine": {**described, "load_after": os.getloadavg()[0]}, "lake": found}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result, __doc__ or ""))
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
