"""Adversary: what is added to the embeddings of an example so that its loss rises, and training on both.

Miyato, Dai and Goodfellow 2017, "Adversarial training methods for semi-supervised text classification", equation 5:

    r = epsilon g / |g|    g: the gradient of the loss by the example's embeddings, all T tokens as one vector

Embeddings are taken as they are. The paper scales them to mean 0 and variance 1, which pretrained models do not bear.
B examples   T tokens   D width of the embeddings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from training.finetuning.learner import Learner


class AdversarialLearner(Learner):
    """A step has the loss of the batch, and that of the same batch after the embeddings were changed."""

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        embeddings = self.accelerator.unwrap_model(model).get_input_embeddings()
        # Under torchrun gradients are exchanged once, after the second of both passes.
        with read_embeddings(embeddings) as read, self.accelerator.no_sync(model):
            clean = super().training_step(model, inputs, num_items_in_batch)
        if not read:
            raise ValueError(f"adversarial: {type(embeddings).__name__} is not what this model reads its tokens by")
        with add_to_embeddings(embeddings, [worst_change(one, self.task.plan.adversarial) for one in read]):
            changed = super().training_step(model, inputs, num_items_in_batch)
        return clean + changed


def worst_change(vectors: Tensor, norm: float) -> Tensor:
    """[B, T, D]: along the gradient of `vectors` [B, T, D], of each example as long as `norm`; zero where the gradient
    is."""
    assert vectors.grad is not None
    length = torch.linalg.vector_norm(vectors.grad, dim=(1, 2), keepdim=True)
    return norm * vectors.grad / length.clamp_min(torch.finfo(length.dtype).tiny)


@contextmanager
def read_embeddings(embeddings: nn.Module) -> Iterator[list[Tensor]]:
    """The vectors [B, T, D] of each call, which have a gradient after the backward pass."""
    read: list[Tensor] = []

    def keep(_: Any, __: Any, vectors: Tensor) -> Tensor:
        vectors = vectors if vectors.requires_grad else vectors.requires_grad_()  # embeddings that are not learnt
        vectors.retain_grad()
        read.append(vectors)
        return vectors

    handle = embeddings.register_forward_hook(keep)
    try:
        yield read
    finally:
        handle.remove()


@contextmanager
def add_to_embeddings(embeddings: nn.Module, changes: Sequence[Tensor]) -> Iterator[None]:
    """Adds one of `changes` [B, T, D] to the vectors of each call, in their order."""
    left = iter(changes)
    handle = embeddings.register_forward_hook(lambda _, __, vectors: vectors + next(left))
    try:
        yield
    finally:
        handle.remove()
