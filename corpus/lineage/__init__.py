"""Lineage: which datasets a dataset was made of, what became of a page in each, and the way back to its record; what
must go when something is to be forgotten, and what nobody needs any more."""
