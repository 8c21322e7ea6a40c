"""Models: token ids in, logits or losses out."""
