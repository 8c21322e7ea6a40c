"""How it runs at scale: Beam pipelines that compose corpus/ and publish datasets in the lake.

    ingestion      crawl -> documents (blocks, damage, revisits; second_pass: what only all blocks together tell)
    measures, cleaning    documents -> measures -> clean
    repeats, trimming     clean -> repeats -> trimmed (optional)
    signatures, candidates, duplicates, deduplication    clean or trimmed -> signatures -> duplicates -> unique
    benchmark, contamination    files of a task -> benchmark;  unique, benchmark -> contamination
    holdout        unique, contamination -> split (train | heldout) -> items
    vocabulary, tokenization    split -> tokenizer;  split, tokenizer -> tokens
    shards, mix    tokens -> shards, of all training documents or in wanted shares

    plan    splits -> workers -> parts -> manifest        part_workers, parts, guard, forkserver: one split -> its part
    engine  which Beam runner, how many workers           local, remote/: here and elsewhere; beam: imported quietly

An element is a split (a range of a file), never a document: a worker reads it, applies corpus/, writes its own part
and emits one row about it. Text is never shuffled.
"""
