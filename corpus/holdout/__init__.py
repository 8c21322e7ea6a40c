"""Holdout: documents -> training and held-out pages -> benchmark questions made of the latter.

doc_id -> heldout (a hash decides)        held-out text -> items
"""
