"""Sparsity: the smallest weights of each matrix become zero, and stay so while a model is trained further."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import prune

from training.models.module import TrainableModel


def pruned_names(model: TrainableModel) -> list[str]:
    """The matrices of the layers; embeddings and norms are left as they are."""
    return sorted(model.hidden_matrices())


def prune_smallest(model: TrainableModel, share: float) -> None:
    """Of each matrix of the layers this share of the weights, the smallest, becomes zero (Han et al. 2015)."""
    for name in pruned_names(model):
        owner, _, parameter = name.rpartition(".")
        module = model.get_submodule(owner)
        prune.l1_unstructured(module, parameter, amount=share)
        prune.remove(module, parameter)


def keep_zeros(model: TrainableModel) -> None:
    """Weights of the layers that are zero get a gradient of zero from now on: AdamW leaves them at zero."""
    named = dict(model.named_parameters())
    for name in pruned_names(model):
        weight = named[name]
        assert isinstance(weight, nn.Parameter)
        weight.register_hook(lambda gradient, weight=weight: gradient.masked_fill(weight == 0, 0.0))


def zero_share(weights: Tensor) -> float:
    return float((weights == 0).float().mean())
