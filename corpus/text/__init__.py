"""Text: one form for all text, and its words, in languages with and without spaces.

bytes -> charset -> normal_form -> words, as strings or, compiled, as integers (scan, codepoints, words)
two texts -> differences
"""
