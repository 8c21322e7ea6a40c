"""Torch: shards in, checkpoints and scores out. Starts under torchrun or as a plain process.

    shards (index.json, tars)        tokenizer.json
        |                                  |
      loader ---- seed, step -> sequences -> batches, read ahead by prefetch
        |                                  |
      trainer = transformer + optimizer + guard, on every rank of parallel
        |       transformer: fused (its small operations on a CPU), loss, threads (a batch in shares)
        |       budget, scaling: what it will take, and rate and batch by a law, said before it starts
        |            |
        |          journal: metrics.jsonl, TensorBoard, Dagster Pipes
        v
      checkpoint: OUT/checkpoints/step-00000123, in the Hugging Face layout that export writes
        |
      generate: a prompt goes on
      evaluation: a benchmark's files -> items -> questions, asked of a checkpoint -> score.json, items.parquet
        |
      significance: intervals, and whether two scores differ

`config` needs no torch, so whoever only plans a run can import it.
"""

import os

# Read once, when torch loads OpenMP: its threads sleep between two operations instead of spinning. With another busy
# process on the same 2 cores, spinning threads trained 1,000 tokens a second where sleeping ones trained 3,300.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
