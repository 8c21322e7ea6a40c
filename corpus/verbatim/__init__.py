"""A text -> the longest spans of it that stand word for word in the training tokens, and where.

order      the places of a tar of shards, in the order of the tokens that begin there: a suffix array
matches    how far a question stands somewhere in a tar, and the part of the order that begins with a span
index      all tars of a set: the maximal spans of a question, how often they occur, and where in the stream
"""
