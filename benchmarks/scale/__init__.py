"""Scale: what a snapshot of Common Crawl would take, from what is measured on one machine.

measured runs of the stages ─┐
sizes of graphs and rows     ├─> plan ─> report
memory a document            │     │
results of other benchmarks ─┘     └─ simulation of stragglers, lost workers and the shuffle
"""
