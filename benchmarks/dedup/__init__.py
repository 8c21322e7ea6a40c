"""Deduplication beside its peers: `make bench-dedup`, which is `python -m benchmarks.dedup`.

documents       real texts, enlarged by seeded mutations -> one Parquet file of id and text
oracle          all pairs of documents alike, exactly; a system's survivors -> what it missed and wrongly removed
contestants     who takes part, and one run of each on one core
spent           what every contestant shares: a warm-up, laps, the ids that stay
daft_peer, rensa_peer, text_dedup_peer, datatrove_peer
                one a peer, each run by the Python of its own environment under benchmarks/.venvs
ours, river     Headwater's own: in one process, and in its Beam pipeline with a crawl added
scale           made-up band keys of ever more documents -> removals
report          results/dedup.json -> docs/deduplication-peers.md
"""
