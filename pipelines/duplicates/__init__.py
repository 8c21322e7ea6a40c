"""Duplicates: which documents of a crawl go, each for one that stays. No step holds all documents of a crawl: each is
dealt out by documents, by ranges of keys, or by components of documents that share keys.

    clean -> signatures.py    band keys and digests of each document
          -> index.py         the same by run of documents, sorted: the dataset `signatures`
          -> exact.py         ranges of digests     -> documents with the URL or the words of one that stays
          -> groups.py        ranges of band keys   -> documents that share a key
          -> components.py    groups                -> bins of documents that may decide about one another
          -> shingle_sets.py  files of documents    -> the sets of shingles of those in groups, by bin
          -> decisions.py     bins                  -> what was measured, and who goes for whom
          -> removals.py      runs of documents     -> the dataset `duplicates`
"""
