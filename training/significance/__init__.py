"""Significance: what a score is worth, and whether two of them differ. numpy and scipy, no torch."""
