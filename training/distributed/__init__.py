"""Distributed: one model in, the same model on a device, on several ranks (parallel, sharding) or threads out."""
