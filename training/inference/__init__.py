"""Inference: a checkpoint and prompts in, text or log-likelihoods out.

loading -> model (ours), huggingface, baselines
sampling -> decoding, beam_search -> generate: text
questions -> batches: what is scored
"""
