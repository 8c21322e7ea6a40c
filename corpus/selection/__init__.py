"""Selection: which documents of a crawl are most like texts that somebody chose.

ngrams       texts -> the buckets of their words and pairs of words
model        buckets of reference texts and of a crawl -> how likely each is -> a score a document, and its bound
"""
