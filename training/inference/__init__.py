"""Inference: a checkpoint and prompts in, text or log-likelihoods out.

loading -> model (ours), huggingface, baselines;  decoding -> generate: text;  questions -> batches: what is scored
"""
