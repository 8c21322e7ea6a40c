"""Quality: text -> measures -> the rules that it fails.

text -> measurement (repetition, mojibake) -> measures, a column each -> rules -> failures with value and bound
toxicity: the share of bad words, by lists
"""
