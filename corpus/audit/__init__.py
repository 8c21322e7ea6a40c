"""Audit: datasets -> what the stages did with which documents, as tables, samples and counts for people.

outcomes -> histograms, samples -> survey, inspection;  mixture
duplicates, contamination, shards: each stage's own view
"""
