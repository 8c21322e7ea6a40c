"""Quality: text -> measures -> the rules that it fails.

text -> measure (repetition, mojibake) -> measures, one column each -> rules -> failures with value and bound
toxicity: the share of bad words, by lists
"""
