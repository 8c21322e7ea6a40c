"""What a document is, and what may be done to it. Arrow in, Arrow out; no Beam, no Dagster, no torch.

Rooms, floor by floor; a room imports those of the floors above it in this list, never one beside it:

    lake       datasets, manifests, schemas, the stage graph      config, text, language, crawl, optout
    archive    crawl files -> records -> pages      extract   pages -> main text      quality   text -> rules
    privacy    text -> masked text                  repeats   text that many documents share -> cuts
    duplicates text -> signatures -> which go       holdout   documents -> held-out pages, items
    tokenizer  text -> tokens                       shards    tokens -> WebDataset tars
    sources    a path or URL -> pages and texts     contamination   documents, benchmark items -> matches
    lineage    a dataset -> what it was made of     tabular   documents of any origin -> their rows
    audit      datasets -> what the stages did, for people
"""
