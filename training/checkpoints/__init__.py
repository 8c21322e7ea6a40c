"""Checkpoints: a trainer's state -> a directory in Hugging Face layout, published in one step, and back.

outdir (one trainer at a time) -> export (weights, config) -> checkpoint (saved, verified, loaded)
"""
