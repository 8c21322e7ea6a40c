"""Distributed: one model on several ranks (parallel, sharding), one batch on several threads (threads)."""
