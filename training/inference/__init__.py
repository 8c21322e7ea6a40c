"""Inference: prompts in, text or log-likelihoods out.

decoding -> generate: text that continues a prompt;  questions -> batches: contexts and continuations to be scored
"""
