"""GPT-BERT: a decoder that also learns masked tokens, and then sees both sides (Charpentier and Samuel 2024).

config -> model
"""
