"""Distributed: one model in, the same model on several ranks (parallel, sharding) or threads (threads) out."""
