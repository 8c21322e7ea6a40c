"""Models: token ids in, logits or losses out.

size (parameters, FLOPs);  masks, cache -> layers -> transformer
"""
