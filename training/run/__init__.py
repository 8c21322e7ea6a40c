"""Run: the training loop and what watches it.

budget -> trainer: state -> update -> guard, heldout, stopping -> journal (metrics), throughput, profiling
"""
