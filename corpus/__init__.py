"""What a document is, and what may be done to it. Arrow in, Arrow out; no Beam, no Dagster, no torch.

crawl/      pydoc site -> polite crawler -> WARC
sources/    a path, URL or Common Crawl id -> files of any kind -> pages and texts
warc, arc   crawl file bytes -> records, or quarantine      members: compressed files, member by member
extract     record -> main text            charset
quality     text -> measures -> rules      language, text; words (scan, codepoints), repetition, mojibake, languages
optout      what a page refuses, blocklists, removals; toxicity: bad words by language
privacy     text -> masked text            credentials, addresses, identifiers, phones
repeats/    text that many documents share -> cuts
duplicates/ text -> shingles -> band keys -> groups -> which documents go, each for one that stays
tabular/    files of documents of any origin -> their texts and rows
heldout     documents -> training and held-out pages; items: benchmark questions from the latter
vocabulary  text -> byte-level BPE -> tokens    splits, ranks; balance: what it is learnt from; imported: others'
mixing      groups of documents -> how often each is read, for wanted shares of the tokens
shards      tokens -> WebDataset tars and their index; shard_set, shard_cache: from a folder or a URL into memory;
            shard_check: are they as they were written; shard_samples: what lies in them
packing     lengths of documents -> sequences that cut as few as can be
download    one file from a server or a store, whole or not at all
outcomes, histograms, samples -> survey, inspection: what the stages did with which documents
lake, manifest, schema, lineage: where all of it lives, and the way back to the WARC bytes
"""
