"""Optim: gradients in, updates out.

schedule (learning rate by step) -> optimizer (AdamW, muon for matrices)
"""
