"""Serving: how many answers `headwater serve` writes beside transformers' `generate` behind a route of the same form:
`make bench-serve`.

A model with random weights is served by each in turn, in a process of its own on the same threads, and asked by clients
that stream their answers, each again as soon as it is answered. Prompts are of 8 to 120 words of the standard library's
documentation, answers are greedy. Of Headwater's, the log probabilities of the first answers are compared, bit by bit,
with those of the same questions asked alone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import describe, describe_others, machine
from benchmarks.serving.clients import Load, Request, measure, seconds_until_stopped
from benchmarks.serving.model import write_model

ROOT = Path(__file__).parents[2]
RESULT, TABLE = ROOT / "benchmarks" / "results" / "serving.json", ROOT / "docs" / "serving-measured.md"
TOKEN, CONTEXT = "a-token-of-the-benchmark", 512
PROBES, GOING = 8, 10


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[str]:
    environment = {**os.environ, "HEADWATER_TOKEN": TOKEN}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _is_ready(url):
            assert process.poll() is None, f"{command} ended"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def build_requests(text: str, count: int, max_tokens: int) -> list[Request]:
    drawn, words = random.Random(1), text.split()
    starts = [drawn.randrange(len(words) - 120) for _ in range(count)]
    prompts = [" ".join(words[start : start + drawn.randint(8, 120)])[:1000] for start in starts]
    shared = {"max_tokens": max_tokens, "temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
    return [{"prompt": prompt, **shared} for prompt in prompts]


def measure_both(args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        text = write_model(Path(folder), layers=args.layers, width=args.width, context=CONTEXT)
        requests = build_requests(text, args.rounds * max(args.clients), args.max_tokens)
        threads = str(args.threads)
        ours = ["-m", "headwater", "serve", folder, "--port", str(args.port), "--threads", threads, "--slots", "128"]
        found: dict[str, Any] = {}
        with running(ours, args.port) as url:
            telling = [{**one, "logprobs": 1} for one in requests]
            alone = [measure(url, TOKEN, [one], 1)[1][0].told for one in telling[:PROBES]]
            crowd = measure(url, TOKEN, telling, max(args.clients))[1]
            found["same"] = sum(one.told == told for one, told in zip(crowd, alone, strict=False))
            found["crowd"] = len(telling)
            long = {**requests[0], "max_tokens": 300}
            found["going"] = sorted(seconds_until_stopped(url, TOKEN, long) for _ in range(GOING))
            found["ours"] = [measured(url, requests, clients, args.rounds) for clients in args.clients]
        with running(["-m", "benchmarks.serving.peer", folder, str(args.port), threads], args.port) as url:
            measure(url, TOKEN, requests[:1], 1)
            found["peer"] = [measured(url, requests, clients, args.rounds) for clients in args.clients]
    return found


def measured(url: str, requests: Sequence[Request], clients: int, rounds: int) -> dict[str, float]:
    asked = requests[: max(8, rounds * clients)]
    load: Load = measure(url, TOKEN, asked, clients)[0]
    print(load, flush=True)
    return asdict(load)


def write_page(found: dict[str, Any]) -> None:
    host, args = found["host"], found["settings"]
    questions = f"{PROBES} questions asked alone and among {found['crowd']} of {max(args['clients'])} clients"
    lines = [
        "# Serving, measured",
        "",
        "Written by `make bench-serve`. " + " ".join(str(__doc__).partition("\n\n")[2].split()),
        "",
        describe(host) + describe_others(host),
        "",
        f"The model has {args['layers']} layers of width {args['width']}; answers have {args['max_tokens']} tokens; "
        f"threads: {args['threads']}. Of {questions}, {found['same']} had the same log probabilities, bit by bit. From "
        f"a client's going to when nothing was written for it any more: at most {1000 * found['going'][-1]:.0f} ms, "
        f"{GOING} tries.",
        "",
        "| clients | | requests a second | tokens a second | ms to the first token, median | most |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for ours, peer in zip(found["ours"], found["peer"], strict=True):
        for name, load in (("headwater serve", ours), ("transformers", peer)):
            lines.append(
                f"| {load['clients']} | {name} | {load['requests']:.2f} | {load['tokens']:.0f} "
                f"| {1000 * load['median_first']:.0f} | {1000 * load['most_first']:.0f} |"
            )
        lines.append(
            f"| {ours['clients']} | ratio | {ours['requests'] / peer['requests']:.2f} "
            f"| {ours['tokens'] / peer['tokens']:.2f} | {ours['median_first'] / peer['median_first']:.3f} "
            f"| {ours['most_first'] / peer['most_first']:.3f} |"
        )
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--rounds", type=int, default=2, help="requests of each client")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="more only where no other program has the cores")
    parser.add_argument("--port", type=int, default=8765)
    args = parser.parse_args()
    host = machine()
    found = measure_both(args)
    host["load_after"] = os.getloadavg()[0]
    found |= {"host": host, "settings": vars(args)}
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    write_page(found)
    print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
