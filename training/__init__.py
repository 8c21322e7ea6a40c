"""Torch: shards in, checkpoints and scores out. Starts under torchrun or as a plain process.

    shards (index.json, tars), tokenizer.json
        |
      data         which tokens a step reads, as batches
        |
      run          the training loop on every rank of distributed/, with its budget, guard, journal and state
        |            models/ with ops/ computes the loss, optim/ the update
        v
      checkpoints  OUT/checkpoints/step-00000123, in the Hugging Face layout
        |
      inference    continue a prompt, or the log-likelihood of continuations
        |
      evaluation   a benchmark's files -> items -> scores with their items      significance: whether two scores differ

`risks` measures what a model may do wrong.

`compress` makes a checkpoint small, or a file of it for another runtime.

`vectors` learns word vectors of texts, by itself and without torch.

`config` and `presets` need no torch, so whoever only plans a run can import them.
"""

import os

# Read once, when torch loads OpenMP: its threads sleep between two operations instead of spinning. With another busy
# process on the same 2 cores, spinning threads trained 1,000 tokens a second where sleeping ones trained 3,300.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
