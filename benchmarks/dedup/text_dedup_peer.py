"""text-dedup: MinHash with its verification on, the steps of its own `minhash.main` one after another.

The settings are those of its README but for the threshold and the shingles: word 5-grams, Jaccard 0.8. Its rows and
bands are its own choice for them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
from text_dedup.config.base import load_config_from_toml
from text_dedup.minhash import assign, check_false_positives, cluster, fingerprint, load_and_preprocess
from text_dedup.minhash import remove_duplicates as remove

from benchmarks.dedup.spent import Spent, main

SETTINGS = """
[input]
input_type = "local_files"
file_type = "parquet"
read_arguments = {{ path = "parquet", data_files = "{documents}", split = "train", cache_dir = "{place}/cache" }}

[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_proc = 1
num_perm = 128
threshold = 0.8
ngram_size = 5
check_false_positive = true

[output]
output_dir = "{place}/output"

[debug]
enable_profiling = false
"""


def deduplicate(documents: Path, place: Path, spent: Spent, options: Sequence[str]) -> list[str]:
    datasets.disable_progress_bars()
    settings = place / "settings.toml"
    settings.write_text(SETTINGS.format(documents=documents, place=place))
    config = load_config_from_toml(settings)
    with spent.lap("read"):
        rows, _, _ = load_and_preprocess(config)
    with spent.lap("signatures"):
        signed = fingerprint(config, rows)
    with spent.lap("clusters"):
        rows = assign(config, rows, cluster(config, signed))
    with spent.lap("verification"):
        rows, _ = check_false_positives(config, rows)
    with spent.lap("removal"):
        return remove(config, rows)["id"]


if __name__ == "__main__":
    main(deduplicate)
