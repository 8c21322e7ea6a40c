"""Inference: prompts in, text or log-likelihoods out.

generate: text after a prompt;  questions -> batches: contexts and continuations to be scored
"""
