"""Privacy: text -> text with placeholders for personal data, and how many of each kind.

text -> credentials, addresses, identifiers, phones -> mask
"""
