"""Size: parameters, FLOPs and activations of blocks with biases, as GPT-2, BERT and T5 have them. Needs no torch.

D width   F width of the MLP   T tokens   L layers   a bytes of an activation
"""

from __future__ import annotations


def block_parameters(width: int, feed_forward: int) -> int:
    """Of one block: attention of four matrices, an MLP of two, all with biases, and two layer norms."""
    attention = 4 * (width * width + width)
    mlp = 2 * width * feed_forward + width + feed_forward
    return attention + mlp + 4 * width


def attention_flops(layers: int, width: int, context: int) -> int:
    """FLOPs of a token in training at full context, of the products that have no weights: 12 L D T."""
    return 12 * layers * width * context


def block_activations(width: int, feed_forward: int, item: int) -> int:
    """Bytes that a token's backward pass needs of one block (Korthikanti et al. 2022, section 4): the inputs of both
    norms and of their sums in float32, their outputs, queries, keys, values and their product, the MLP before and after
    its nonlinearity."""
    return 4 * 4 * width + item * (6 * width + 2 * feed_forward) + 16
