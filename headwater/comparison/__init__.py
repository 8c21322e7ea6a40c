"""Comparison: whether the scores of two sides differ."""
