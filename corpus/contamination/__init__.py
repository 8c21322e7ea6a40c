"""Contamination: documents and benchmark items -> where an item stands in a document.

items -> benchmark_grams;  documents -> grams -> overlap -> matches, which policy judges
"""
