"""Text: one form for all text, and its words, in languages with and without spaces.

bytes -> charset -> normal_form -> words, as strings or, compiled, as integers (words: scan, codepoints)
Arrow texts -> composition: NFC, where they are not;  two texts -> differences
compiled: what all code shares that numba compiles
"""
