"""ELECTRA: an encoder that finds the tokens that a small generator replaced (Clark et al. 2020).

Text has no gradient through a chosen token, so this is no adversarial game: the generator learns masked tokens.

config -> encoder
"""
