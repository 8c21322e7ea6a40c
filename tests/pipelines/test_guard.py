"""A record that hangs, crashes or explodes the code that reads it costs that record, whatever that code is."""

import ctypes
import gc
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crashing
import psutil
import pyarrow as pa
import pytest
from crashing import FragileIngest
from crawls import MODULES, html, prose, response

from corpus.lake.schema import DROPPED, LEDGER, ledger_row
from corpus.lake.store import Lake
from corpus.sources import open_crawl
from pipelines.blocks import IngestConfig
from pipelines.engine import Engine
from pipelines.guard import Guard, GuardError, Limits, Watch
from pipelines.ingestion import ingest
from pipelines.part_workers import PartWorkers
from pipelines.parts import Part, Work, read_row

LIMITS = Limits(seconds=1, memory=1 << 30)


@dataclass(frozen=True)
class Orders:
    orders: tuple[str, ...]
    name: str = "part-0"
    weight: int = 1


class Obey(Work):
    schemas = {"words": pa.schema([("word", pa.string())]), "ledger": LEDGER}
    guard = LIMITS

    def process(self, lake: Lake, split: Orders, part: Part) -> None:
        for number, order in enumerate(split.orders):
            failed = part.begin()
            if failed is not None:
                origin = dict.fromkeys(LEDGER.names, None) | {"doc_id": bytes([number]) * 16, "warc_file": "a"}
                origin |= {"warc_offset": number, "warc_length": 1}
                part.lose(ledger_row(origin, "obey", DROPPED, failed.reason, detail=failed.detail))
                continue
            obey(order)
            part.keep("words", {"word": order})


def obey(order: str) -> None:
    if order == "hang":
        while True:
            pass
    if order == "hang in C":
        math.factorial(10**8)  # holds the interpreter's lock: no handler of Python's could run
    if order == "wait":
        time.sleep(1000)
    if order == "crash":
        ctypes.string_at(0)
    if order == "explode":
        bytearray(8 << 30)
    if order == "raise":
        raise ValueError("as told")


def run(lake: Lake, *orders: str) -> dict[str, Any]:
    workers = PartWorkers(lake, lake.path("words", "0" * 64), Obey())
    assert list(workers.make([Orders(orders)])) == ["part-0"]
    workers.close()
    return read_row(lake, workers.folder, "part-0")


@pytest.mark.parametrize(
    ("order", "reason"),
    [("hang", "timeout"), ("hang in C", "timeout"), ("wait", "timeout"), ("crash", "crash"), ("explode", "memory")],
)
def test_a_parser_crash_or_hang_costs_one_page(
    order: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.guard.CLOCK_FACTOR", 2)
    row = run(Lake(str(tmp_path)), "before", order, "after")
    assert row["counts"]["kept"] == 2
    assert row["counts"]["dropped"] == {reason: 1}


def test_many_culprits_in_one_split(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    row = run(lake, "crash", "a", "explode", "b", "hang", "crash")
    assert row["counts"]["dropped"] == {"crash": 2, "memory": 1, "timeout": 1}
    [words] = [entry["path"] for entry in row["files"] if entry["path"].startswith("words")]
    kept = lake.read_table(f"{lake.path('words', '0' * 64)}/{words}")
    assert kept["word"].to_pylist() == ["a", "b"]


def test_what_the_work_raises_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="as told"):
        run(Lake(str(tmp_path)), "a", "raise")


class Between:
    """Crashes, but at no record."""

    def prepare(self) -> None:
        pass

    def setup(self) -> None:
        pass

    def do(self, split: Orders, watch: Watch) -> None:
        watch.begin()
        watch.end()
        obey("crash")


def test_a_crash_at_no_record_is_an_error_that_names_the_split() -> None:
    guard = Guard(Between(), LIMITS)
    with pytest.raises(GuardError, match=r"part-0: crash .* outside any record"):
        guard.do(Orders(()))


class Spin:
    """Each record takes less than the limit, all of them more."""

    def prepare(self) -> None:
        pass

    def setup(self) -> None:
        pass

    def do(self, split: Orders, watch: Watch) -> None:
        for _ in range(5):
            assert watch.begin() is None
            until = time.process_time() + 0.4
            while time.process_time() < until:
                pass


def test_the_limit_is_for_a_record_and_nothing_is_left_running() -> None:
    guard = Guard(Spin(), LIMITS)
    guard.do(Orders(()))
    workers = [worker for server in psutil.Process().children() for worker in server.children()]
    assert workers
    del guard
    gc.collect()
    assert not any(worker.is_running() for worker in workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_ingest_leaves_out_the_page_that_crashes_the_parser(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.ingestion.Ingest", FragileIngest)
    monkeypatch.setenv("PYTHONPATH", str(Path(crashing.__file__).parent))  # for the workers
    warc = tmp_path / "pages.warc.gz"
    texts = [prose(module) for module in MODULES[:6]]
    texts[2] = "crash the parser " + texts[2]
    warc.write_bytes(b"".join(response(f"https://a.example/{n}", html("t", text)) for n, text in enumerate(texts)))
    lake = Lake(str(tmp_path / "lake"))
    config = IngestConfig(block_bytes=warc.stat().st_size // 2)
    manifest = ingest(lake, open_crawl(str(warc)), config, Engine(workers=workers)).manifest
    assert manifest.counts.dropped == {"parser_crash": 1}
    assert manifest.counts.kept == len(texts) - 1
    [row] = [row for table in lake.read(manifest, "ledger") for row in table.to_pylist()]
    assert row["url"] == "https://a.example/2"
    assert row["detail"] == "SIGSEGV"
