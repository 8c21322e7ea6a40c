"""Work that takes its process along, or never ends, where workers can import it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pyarrow as pa

from corpus.lake.store import Lake
from pipelines import blocks
from pipelines.blocks import Ingest
from pipelines.parts import Part, Work


class Count(Work):
    schemas = {"numbers": pa.schema([("number", pa.int64())])}

    def process(self, lake: Lake, split: Any, part: Part) -> None:
        part.keep("numbers", {"number": 1})


class Crash(Count):
    """A library that crashes takes its process along."""

    def process(self, lake: Lake, split: Any, part: Part) -> None:
        if split.name == "part-2":
            os.kill(os.getpid(), signal.SIGKILL)
        super().process(lake, split, part)


class Endless(Count):
    """Says that it has begun, and does not end."""

    def process(self, lake: Lake, split: Any, part: Part) -> None:
        os.write(1, b"begun\n")
        time.sleep(600)


class Prepared(Count):
    """Leaves a line in a file for each time that it loads what it needs, and one for each worker."""

    def __init__(self, notes: str) -> None:
        self.notes = notes

    def prepare(self) -> None:
        self._note("prepared")

    def setup(self, lake: Lake) -> None:
        self._note("set up")

    def process(self, lake: Lake, split: Any, part: Part) -> None:
        time.sleep(0.3)  # so that each worker gets one
        super().process(lake, split, part)

    def _note(self, said: str) -> None:
        with open(self.notes, "a") as file:
            file.write(f"{said} in {os.getppid() if said == 'set up' else os.getpid()}\n")


class FragileIngest(Ingest):
    """Ingest whose parser crashes on a page that says so."""

    def setup(self, lake: Lake) -> None:
        super().setup(lake)
        extract = blocks.extraction.extract_page

        def fragile(html: bytes, *rest: Any) -> Any:
            if b"crash the parser" in html:
                os.kill(os.getpid(), signal.SIGSEGV)
            return extract(html, *rest)

        blocks.extraction.extract_page = fragile
