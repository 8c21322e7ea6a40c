"""How it runs at scale: Beam pipelines that compose corpus/ and publish datasets in the lake.

    ingest        crawl -> documents                        elements: splits, parts, phases
    measure, clean  documents -> measures -> clean          engine: runner, workers, stage() -> published manifest
    trim          clean -> repeats -> trimmed (optional)
    deduplicate   clean -> signatures -> duplicates -> unique, crawl by crawl (sign, nominate, duplicates)
    contamination  unique, benchmark -> contamination (benchmark: a task's items)
    hold_out      unique, contamination -> split (train | heldout) -> items
    vocabulary    split -> tokenizer
    encode        split, tokenizer -> tokens
    shard, mix    tokens -> shards, of all training documents or in wanted shares

An element is a split (a range of a file), never a document: a worker reads it, applies corpus/, writes its own part
and emits one row about it. Text is never shuffled.
"""
