"""Language: text -> its language and how sure that is.

text -> scripts -> identify -> ISO 639 code, score
languages: what rules must know of each language
"""
