"""Searching: documents by their words."""
