"""Network: a recurrent language model.

B batch   T tokens   D width   V vocabulary

x = embed(tokens);   for each layer: x += cells(norm(x)), token after token;   logits = norm(x) @ W_tokens
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.models.initial import initialize
from training.models.recurrent.config import RecurrentConfig
from training.models.single_text import SingleTextModel

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
State = Any  # [1, B, D], of an LSTM two of them


class Layer(nn.Module):
    def __init__(self, config: RecurrentConfig, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.norm = nn.LayerNorm(config.hidden_size)
        self.cells = CELLS[config.model_type](config.hidden_size, config.hidden_size, batch_first=True)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """x [B, T, D] and what was read, and the state after the last token."""
        read, state = self.cells(self.norm(x), state)
        return x + functional.dropout(read, self.dropout, self.training and self.dropout > 0), state


class StateCache:
    """The state of each layer after the tokens that were read. As no state can be undone, the tokens of the first
    reading [B, T] are kept, and read again up to where each text ends when they are cut."""

    def __init__(self, model: Recurrent, batch: int) -> None:
        self.model, self.longest = model, 0
        self.lengths = torch.zeros(batch, dtype=torch.int64, device=model.head.device)
        self.states: list[State] = []
        self.tokens: Tensor | None = None

    def truncate(self, lengths: Tensor) -> None:
        self.lengths.copy_(lengths)
        self.longest = int(lengths.max())
        if not self.longest:
            self.states, self.tokens = [], None
        elif self.tokens is not None and bool((lengths < self.tokens.shape[1]).any()):
            rows = [
                self.model.read(tokens[None, :length])[1]
                for tokens, length in zip(self.tokens, lengths.tolist(), strict=True)
            ]
            self.states = [_join(states) for states in zip(*rows, strict=True)]

    def select(self, rows: Tensor) -> None:
        self.lengths = self.lengths[rows]
        self.longest = int(self.lengths.max())
        self.tokens = None if self.tokens is None else self.tokens[rows]
        self.states = [
            tuple(part[:, rows] for part in state) if isinstance(state, tuple) else state[:, rows]
            for state in self.states
        ]


def _join(states: Sequence[State]) -> State:
    """Of one layer, texts side by side."""
    if isinstance(states[0], tuple):
        return tuple(torch.cat(list(parts), dim=1) for parts in zip(*states, strict=True))
    return torch.cat(list(states), dim=1)


class Recurrent(SingleTextModel):
    """Called with tokens and targets, both int64 [B, T], it returns the summed loss.

    Dropout and label smoothing are part of the loss in training mode alone.
    """

    config: RecurrentConfig

    def __init__(
        self, config: RecurrentConfig, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(config, [Layer(config, dropout) for _ in range(config.num_hidden_layers)], label_smoothing)
        initialize(self, config.initializer_range, seed)
        self._initialize_cells(seed)

    @torch.no_grad()
    def _initialize_cells(self, seed: int) -> None:
        """Uniform up to 1 / sqrt(D), as torch's own; an LSTM begins by remembering (Jozefowicz et al. 2015)."""
        generator, width = torch.Generator().manual_seed(seed), self.config.hidden_size
        for layer in self.layers:
            for name, weight in layer.named_parameters():
                if name.startswith("cells.") and weight.ndim == 2:
                    weight.uniform_(-1 / math.sqrt(width), 1 / math.sqrt(width), generator=generator)
                elif name == "cells.bias_ih_l0" or name == "cells.bias_hh_l0":
                    weight.zero_()
                    if self.config.model_type == "lstm" and "_ih_" in name:
                        weight[width : 2 * width] = 1.0  # of the forget gate

    def compile_blocks(self, backend: Any = "inductor") -> None:
        """Nothing: torch has a kernel of its own for the cells of all tokens."""

    def new_cache(self, batch: int, capacity: int) -> StateCache:
        return StateCache(self, batch)

    def read(self, tokens: Tensor, states: Sequence[State] = ()) -> tuple[Tensor, list[State]]:
        """States [B, T, D] of tokens [B, T], and those of each layer after the last token; `states`: those before."""
        x, after = self.embed_tokens(tokens).float(), []
        for number, layer in enumerate(self.layers):
            x, state = layer(x, states[number] if states else None)
            after.append(state)
        return self.norm(x), after

    def states(self, tokens: Tensor, cache: StateCache | None) -> Tensor:
        if cache is None:
            return self.read(tokens)[0]
        if not cache.longest:
            cache.tokens = tokens
        hidden, cache.states = self.read(tokens, cache.states)
        cache.lengths += tokens.shape[1]
        cache.longest += tokens.shape[1]
        return hidden
