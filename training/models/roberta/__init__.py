"""RoBERTa: BERT without kinds of segments, whose positions leave out the token that opens a document (Liu et al. 2019).

config -> encoder
"""
