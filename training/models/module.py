"""Module: what the loop of training knows of a model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.data.sequences import IGNORED
from training.models.config import ModelConfig
from training.ops.loss import biased_cross_entropy, cross_entropy


class TrainableModel(nn.Module):
    """Called with the tensors of a batch (training/objectives), [B, ...] each, it returns the loss in nats, summed over
    the targets that are not IGNORED. `state_dict()` is model.safetensors as it stands."""

    config: ModelConfig
    label_smoothing: float
    compiled = False
    # How the names of weights begin that only training needs, and that Hugging Face's folders do not have.
    TRAINING_ONLY: ClassVar[tuple[str, ...]] = ()
    # Methods besides the call that read weights, and so gather them where the model is sharded.
    READING: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def blocks(self) -> Sequence[nn.Module]:
        """The layers, which are compiled and sharded one by one."""

    @property
    def smoothing(self) -> float:
        """Of labels, in training mode alone."""
        return self.label_smoothing if self.training else 0.0

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def hidden_matrices(self) -> set[str]:
        """The names of the matrices between embedding and head, which Muon updates."""
        inside = {id(parameter) for block in self.blocks for parameter in block.parameters() if parameter.ndim == 2}
        return {name for name, parameter in self.named_parameters() if id(parameter) in inside}

    def freeze(self, layers: int) -> None:
        """The embeddings and so many of the lowest layers learn no more; 0 freezes nothing. Of an encoder and its
        decoder, or a model and its generator, the lowest of each. To be called before DDP or fully_shard wrap the
        model. Raises ValueError where there are fewer layers."""
        if not layers:
            return
        blocks = set(self.blocks)
        stacks = [list(part) for part in self.modules() if isinstance(part, nn.ModuleList) and blocks.issuperset(part)]
        most = min(map(len, stacks), default=0)
        if layers > most:
            raise ValueError(
                f"freeze {layers}: this model of the family {self.config.model_type} has {most} layers with weights of "
                f"their own; freeze at most {most}"
            )
        inside = {id(parameter) for block in blocks for parameter in block.parameters()}
        tables = {id(part.weight) for part in self.modules() if isinstance(part, nn.Embedding)}
        for name, parameter in self.named_parameters():
            # A norm behind the tables, or a way to the width of the layers, is named after them in every family.
            if id(parameter) not in inside and (id(parameter) in tables or "embed" in name):
                parameter.requires_grad_(False)
        for block in (block for stack in stacks for block in stack[:layers]):
            block.requires_grad_(False)

    def compile_blocks(self, backend: Any = "inductor") -> None:
        """Makes torch.compile fuse each block, in place: names stay. To be called before DDP or fully_shard wrap the
        model. No block depends on its number, so one compilation serves all of them."""
        self.compiled = True
        for block in self.blocks:
            block.compile(backend=backend, fullgraph=True)


class Cache(Protocol):
    """What a model keeps of the tokens that it has read, so that generating reads each token once. B texts.

    `lengths` int64 [B] are read of each; `longest` of them is the most.
    """

    lengths: Tensor
    longest: int

    def truncate(self, lengths: Tensor) -> None:
        """Forgets all tokens after these lengths [B]: the padding of the shorter prompts."""
        ...

    def select(self, rows: Tensor) -> None:
        """Keeps the texts of these numbers, int64, in their order: one that is named twice can go on in two ways."""
        ...


class MaskedModel(TrainableModel):
    """A model that predicts hidden tokens from those on both sides."""

    READING = ("hidden", "logits")

    @property
    @abstractmethod
    def head(self) -> tuple[Tensor, Tensor]:
        """The output matrix [V, E] and its bias [V]."""

    @abstractmethod
    def hidden(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """States [B, T, D] of tokens [B, T], each of which sees all of its segment."""

    @abstractmethod
    def predicted(self, states: Tensor) -> Tensor:
        """What of states [..., D] the head reads, [..., E]."""

    def logits(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """Scores [B, T, V] of the token at each place of tokens [B, T]."""
        return functional.linear(self.predicted(self.hidden(tokens, segments)), *self.head)

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        return self.loss(self.hidden(tokens, segments), targets)

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """`forward`, of states [B, T, D]."""
        asked = targets != IGNORED
        return biased_cross_entropy(self.predicted(hidden[asked]), *self.head, targets[asked], self.smoothing)


class CausalModel(TrainableModel):
    """A model that predicts each token from those before it."""

    READING = ("hidden", "logits")
    branches: ClassVar[bool]  # whether `hidden` takes a `tree`

    @property
    @abstractmethod
    def head(self) -> Tensor:
        """The output matrix [V, D]."""

    @abstractmethod
    def new_cache(self, batch: int, capacity: int) -> Cache:
        """An empty one, on the device of the model, for `capacity` tokens of each text."""

    @abstractmethod
    def hidden(
        self,
        tokens: Tensor,
        cache: Any = None,
        segments: Tensor | None = None,
        tree: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Final hidden states [B, T, D] of tokens [B, T]; the logits are their products with `head`.

        `cache` holds the tokens read before and is extended by these; once it is filled, T must be 1. Nothing is read
        across different numbers of `segments` [B, T]. `tree` are positions and ends, both [B, T], of rows that branch:
        a token q attends to k when k <= q < ends[k].
        """

    def logits(self, tokens: Tensor, cache: Any = None) -> Tensor:
        """Scores [B, T, V] of the token that follows each of tokens [B, T]."""
        return self.scores(self.hidden(tokens, cache))

    def scores(self, states: Tensor) -> Tensor:
        """Of each token of the vocabulary, [..., V], after states [..., D]."""
        return functional.linear(states, self.head)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def forward(self, tokens: Tensor, targets: Tensor, segments: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, summed over the targets of all B x T except those IGNORED."""
        hidden = self.hidden(tokens, segments=segments)
        return cross_entropy(hidden.flatten(0, 1), self.head, targets.flatten(), self.smoothing)
