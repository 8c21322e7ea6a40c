"""Models: token ids in, losses or logits out. A folder a family; what they share beside them.

config (what the rest of training asks), module (what the loop trains), families (all of them by name)
"""
