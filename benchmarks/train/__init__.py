"""Training on a CPU beside a plain loop: `make bench-train`, which is `python -m benchmarks.train`.

tokens      docstrings of the standard library -> tokenizer, shards, and the same tokens as one file
plain       a GPT-2 in nanoGPT's manner and its loop
contestant  one run of one of them in a process of its own -> times of its steps, held-out loss
__main__    steps in turn, medians -> results/train.json -> the table in docs/training.md
"""
