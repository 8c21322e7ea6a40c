"""Optim: gradients in, updated weights out.

scaling (peak rate and batch by a law) -> schedule (rate of each step) -> optimizer (AdamW; muon for matrices)
"""
