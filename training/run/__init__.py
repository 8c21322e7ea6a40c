"""Run: a plan and shards in, checkpoints and metrics out.

budget -> trainer: state, transfer -> update -> guard, heldout, stopping -> journal (metrics), throughput, profiling ->
outdir
"""
