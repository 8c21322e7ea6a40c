"""Ablation: what one change of a recipe does to documents, tokens and scores."""
