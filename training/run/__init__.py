"""Run: a plan and shards in, checkpoints and metrics out.

budget -> trainer: state -> update -> guard, heldout, stopping -> journal (metrics), throughput, profiling -> outdir
"""
