"""Shards: tokens -> WebDataset tars and their index, and back into memory.

mix (how often each document is read) -> format (written) -> cache -> reader (memory-mapped);  check
"""
