r"""datatrove: its four MinHash stages, with its defaults: 5-grams of spaCy's words, 14 bands of 8 rows.

With the option `words` its tokenizer is exchanged for the regular expression \w+, so that the ratio is not one of
tokenizers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.logging import logger
from datatrove.utils.word_tokenizers import WordTokenizer
from pyarrow import parquet

from benchmarks.dedup.spent import Spent, main


class Words(WordTokenizer):
    def word_tokenize(self, text: str) -> list[str]:
        return re.findall(r"\w+", text)

    def sent_tokenize(self, text: str) -> list[str]:
        raise NotImplementedError

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        raise NotImplementedError


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    logger.remove()
    config = MinhashConfig()
    reader = ParquetReader(str(documents.parent), glob_pattern=documents.name)
    sign = MinhashDedupSignature(output_folder=f"{place}/signatures", config=config)
    if "words" in options:
        sign.word_tokenizer = Words()
    buckets = MinhashDedupBuckets(f"{place}/signatures", f"{place}/buckets", config=config)
    clusters = MinhashDedupCluster(f"{place}/buckets", f"{place}/removed", config=config)
    kept = ParquetWriter(f"{place}/kept")
    stages = {
        "signatures": ([reader, sign], 1),
        "buckets": ([buckets], config.num_buckets),
        "clusters": ([clusters], 1),
        "filter": ([reader, MinhashDedupFilter(f"{place}/removed"), kept], 1),
    }
    for name, (pipeline, tasks) in stages.items():
        with spent.lap(name):
            LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=f"{place}/logs/{name}").run()
    return parquet.read_table(f"{place}/kept", columns=["id"])["id"].to_pylist()


if __name__ == "__main__":
    main(deduplicate)
