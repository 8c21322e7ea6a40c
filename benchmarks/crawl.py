"""Crawl: WARC files to filtered documents, how fast and in how much memory: `make bench-crawl`.

Headwater is `python -m pipelines clean CRAWL`: opt-outs, extraction, language, measures, rules, masks,
Parquet with a digest of every file, and a ledger of what was dropped. datatrove is its WARC reader, trafilatura, its
language filter, Gopher's repetition and quality filters, and JSONL; its last filter is made for English and drops
most pages of other languages. The raw libraries are one process that calls fastwarc, resiliparse and pyarrow and asks
for the language, and does nothing else (benchmarks/raw_libraries.py). All take their turns in each round, on the
crawl as it is; all but datatrove also on one WARC that holds the crawl many times over, in which the start of a
process counts for little. Of each the least time of all rounds counts: what other programs on the machine do only
adds to it. Times are from a command's start to its end, imports included; memory is the peak of the largest process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.crawl_input import SHARED, as_one, as_they_are, crawl_files, responses
from benchmarks.machine import describe, machine
from benchmarks.processes import Cost, run

HERE = Path(__file__).resolve().parent
RESULT, TABLE = HERE / "results" / "crawl.json", HERE.parent / "docs" / "speed.md"
DATATROVE = HERE / ".venvs" / "datatrove" / "bin" / "python"
LEAST_EXTRACTED = 0.5  # of pages; a datatrove that cannot import its extractor drops all, and says it succeeded


def headwater(folder: Path, place: Path, processes: int) -> tuple[Cost, int]:
    command = [sys.executable, "-m", "pipelines", "clean", str(folder)]
    cost = run([*command, "--lake", str(place / "lake"), "--workers", str(processes)], place / "headwater.log")
    return cost, int(cost.output.split(" kept ")[2].split()[0])


def datatrove(folder: Path, place: Path, processes: int) -> tuple[Cost, int]:
    script = str(HERE / "datatrove_pipeline.py")
    cost = run(
        [str(DATATROVE), script, str(folder), str(place / "output"), str(processes)],
        place / "datatrove.log",
        {**os.environ, "HF_HOME": str(place / "cache"), "HF_HUB_OFFLINE": "1"},
    )
    steps = json.loads((place / "output" / "logs" / "stats.json").read_text())
    [stats] = [step["stats"] for step in steps if "Trafilatura" in step["name"]]
    if stats.get("forwarded", 0) < LEAST_EXTRACTED * stats["total"]:
        sys.exit(f"datatrove is not in working order; its extractor says {stats}")
    kept = 0
    for file in (place / "output" / "documents").glob("*.gz"):
        with gzip.open(file) as lines:
            kept += sum(1 for _ in lines)
    return cost, kept


def raw_libraries(folder: Path, place: Path) -> tuple[Cost, int]:
    files = [str(file) for file in sorted(folder.iterdir())]
    command = [sys.executable, "-m", "benchmarks.raw_libraries", str(place / "texts.parquet"), *files]
    cost = run(command, place / "raw.log")
    return cost, json.loads(cost.output)["pages"]


Contestant = Callable[[Path, Path], tuple[Cost, int]]
OURS: dict[str, Contestant] = {
    "raw libraries, 1 process": raw_libraries,
    "headwater, 1 process": lambda folder, place: headwater(folder, place, 1),
    "headwater, 2 processes": lambda folder, place: headwater(folder, place, 2),
}
ALL: dict[str, Contestant] = {
    **OURS,
    "datatrove, 1 process": lambda folder, place: datatrove(folder, place, 1),
    "datatrove, 2 processes": lambda folder, place: datatrove(folder, place, 2),
}


def rounds(inputs: dict[str, tuple[Path, int, dict[str, Contestant]]], times: int) -> dict[str, Any]:
    """By input and name: what each round cost, and the best of them."""
    found: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for number in range(times):
        for label, (folder, pages, contestants) in inputs.items():
            for name, contestant in contestants.items():
                with tempfile.TemporaryDirectory(prefix="headwater-bench-") as place:
                    cost, kept = contestant(folder, Path(place))
                row = {"wall": cost.wall, "cpu": cost.cpu, "largest": cost.largest, "kept": kept}
                if name.startswith("raw"):
                    row["libraries"] = json.loads(cost.output)["seconds"]
                found[label][name].append(row)
                speed = f"{pages / cost.wall:7.1f} pages/s, {pages / cost.cpu:7.1f} a CPU second"
                print(f"round {number + 1}, {label}: {name:25} {speed}, {cost.largest >> 20} MB", flush=True)
    return {
        label: {
            name: {
                "pages_per_second": inputs[label][1] / min(row["wall"] for row in rows),
                "pages_per_cpu_second": inputs[label][1] / min(row["cpu"] for row in rows),
                "largest_process_mb": max(row["largest"] for row in rows) / 2**20,
                "rounds": rows,
            }
            for name, rows in by_name.items()
        }
        for label, by_name in found.items()
    }


def beam_share(folder: Path, times: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as place:
        command = [sys.executable, "-m", "benchmarks.beam_share", str(folder), f"{place}/lakes", str(times)]
        spent = json.loads(run(command, Path(place) / "beam.log").output)
    share = {
        unit: 1 - min(row[unit] for row in spent["loop"]) / min(row[unit] for row in spent["beam"])
        for unit in ("wall", "cpu")
    }
    return {**spent, "share": share, "stages": min(spent["stages"], key=lambda stages: sum(stages.values()))}


def ratios(systems: dict[str, Any], beam: dict[str, Any]) -> dict[str, float]:
    """What is aimed at, by its name."""
    crawl, large = systems["crawl"], systems["large"]

    def ratio(a: dict[str, Any], b: dict[str, Any], unit: str) -> float:
        return float(a[unit] / b[unit])

    one, two = large["headwater, 1 process"], large["headwater, 2 processes"]
    raw, peer = large["raw libraries, 1 process"], crawl["datatrove, 1 process"]
    wall, cpu = "pages_per_second", "pages_per_cpu_second"
    return {
        "faster than datatrove, 1 process, the crawl (wall)": ratio(crawl["headwater, 1 process"], peer, wall),
        "faster than datatrove, 1 process, the crawl (CPU)": ratio(crawl["headwater, 1 process"], peer, cpu),
        "faster than datatrove's speed on the crawl, 1 process, large (wall)": ratio(one, peer, wall),
        "faster than datatrove's speed on the crawl, 1 process, large (CPU)": ratio(one, peer, cpu),
        "of the raw libraries' speed, 1 process, large (wall)": ratio(one, raw, wall),
        "of the raw libraries' speed, 1 process, large (CPU)": ratio(one, raw, cpu),
        "2 processes beside 1, large (wall)": ratio(two, one, wall),
        "largest process, MB, the crawl": crawl["headwater, 2 processes"]["largest_process_mb"],
        "largest process, MB, large": max(one["largest_process_mb"], two["largest_process_mb"]),
        "Beam's share of the time (wall)": beam["share"]["wall"],
        "Beam's share of the time (CPU)": beam["share"]["cpu"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED, help="of *.warc.gz; else a crawl is made")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--times", type=int, default=10, help="how many times the large WARC holds the crawl")
    args = parser.parse_args()
    described = machine()
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        place = Path(temporary)
        files = crawl_files(args.folder, place / "made")
        pages = responses(files)
        crawl, large = as_they_are(files, place / "crawl"), as_one(files, args.times, place / "large")
        size = sum(file.stat().st_size for file in files)
        print(f"{pages} pages in {len(files)} files of {size >> 20} MB; large: {args.times} times as many", flush=True)
        inputs = {"crawl": (crawl, pages, ALL), "large": (large, args.times * pages, OURS)}
        beam = beam_share(crawl, args.rounds)
        systems = rounds(inputs, args.rounds)
    result = {
        "machine": {**described, "load_after": os.getloadavg()[0]},
        "input": {"pages": pages, "files": len(files), "bytes": size, "times": args.times},
        "systems": systems,
        "beam": beam,
        "ratios": ratios(systems, beam),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    TABLE.write_text(table(result))
    print(TABLE.read_text())


def table(result: dict[str, Any]) -> str:
    host, read = result["machine"], result["input"]
    lines = [
        "# Speed: WARC to filtered documents",
        "",
        "Written by `make bench-crawl`. " + " ".join((__doc__ or "").split("\n\n")[1].split()),
        "",
        f"{describe(host)}Input: {read['pages']} pages in {read['files']} WARC files of "
        f"{read['bytes'] >> 20} MB; large is {read['times']} times as many in one file. "
        + ("Other programs had the cores as well: take the CPU seconds. " if host["load_before"] > 1 else ""),
        "",
        "| input | | pages/s | pages a CPU second | largest process | kept |",
        "|---|---|---|---|---|---|",
    ]
    for label, systems in result["systems"].items():
        for name, row in systems.items():
            speeds = f"{row['pages_per_second']:.0f} | {row['pages_per_cpu_second']:.0f}"
            kept = row["rounds"][0]["kept"]
            lines.append(f"| {label} | {name} | {speeds} | {row['largest_process_mb']:.0f} MB | {kept} |")
    lines += ["", "| aim | measured |", "|---|---|"]
    lines += [f"| {name} | {value:.2f} |" for name, value in result["ratios"].items()]
    lines += ["", "CPU seconds on the crawl: " + _seconds(result["beam"]["stages"]) + " (Headwater, without Beam);"]
    lines += [
        _seconds(result["systems"]["crawl"]["raw libraries, 1 process"]["rounds"][0]["libraries"]) + " (raw).",
        "",
        "What a snapshot of Common Crawl would take at these speeds: [scale](scale.md).",
        "",
    ]
    return "\n".join(lines)


def _seconds(spent: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items())


if __name__ == "__main__":
    main()
