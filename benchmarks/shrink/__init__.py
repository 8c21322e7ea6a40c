"""Shrink: a small model and what `headwater shrink` makes of it: size, speed, memory, bits per byte.

variants (what is made) -> measure (one in a process of its own) -> page (docs/shrinking-measured.md)
"""
