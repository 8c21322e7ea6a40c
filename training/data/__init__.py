"""Data: shards in, batches out.

shards -> sequences (packing) -> loader (which tokens a step reads) -> prefetch -> batches on the device
"""
