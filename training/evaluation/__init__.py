"""Evaluation: what a checkpoint is asked, what it answers, and the score of that.

local files (JSONL, CSV, ...)        a checkpoint, ours or Hugging Face's
    |                                     |
  task: reads them into items           model: tokens in, log-likelihoods or text out
    |                                     |
  harness: lm-eval asks the items' questions of the model, a batch at a time
    |
  results: items.parquet, a row an item, and score.json with intervals from `significance`
    |
  curve: the same of all checkpoints along a run      core: the mean over tasks, each from guessing to perfect
"""
