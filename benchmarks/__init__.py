"""Measurements beside the peers, in one run on the same input."""
