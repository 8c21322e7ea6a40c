"""Lineage: which datasets a dataset was made of, what became of a page in each, and the way back to its record."""
