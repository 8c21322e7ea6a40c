"""Work that takes its process along, where Beam's workers can import it."""

from __future__ import annotations

import os
import signal
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
