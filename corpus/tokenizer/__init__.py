"""Tokenizer: text -> byte-level BPE -> tokens.

sample, balanced by language (balance) -> vocabulary; or another's (imported)
-> splits, byte_letters, ranks -> token ids
"""
