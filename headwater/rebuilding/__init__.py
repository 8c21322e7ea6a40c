"""Rebuilding: datasets computed once more elsewhere and compared byte by byte."""
