"""Encoding: a text as the tokens that condition a model and the tokens that it is asked for.

Everything begins with eos, as a document does in training. Context and target are encoded separately, after the white
space at the end of the context has moved to the target, where byte-level BPE wants it; so what is asked for does not
depend on a merge across the boundary. `split` tells where encoding both at once would have merged across it.
"""

from __future__ import annotations

from typing import NamedTuple

from tokenizers import Tokenizer


class Question(NamedTuple):
    """Token ids; those from `start` on are asked for, each given all before it."""

    tokens: list[int]
    start: int
    split: bool = False

    @property
    def asked(self) -> list[int]:
        return self.tokens[self.start :]


def document(tokenizer: Tokenizer, eos: int, text: str) -> Question:
    """Every token of a text, after eos."""
    return Question([eos, *tokenizer.encode(text, add_special_tokens=False).ids], 1)


def completion(tokenizer: Tokenizer, eos: int, context: str, target: str) -> Question:
    """The tokens of `target` after those of `context`. Raises ValueError when the target is empty."""
    if not target:
        raise ValueError(f"nothing follows the context that ends in {context[-60:]!r}; every target needs a text")
    shorter = context.rstrip()
    target = context[len(shorter) :] + target
    before = tokenizer.encode(shorter, add_special_tokens=False).ids
    after = tokenizer.encode(target, add_special_tokens=False).ids
    together = tokenizer.encode(shorter + target, add_special_tokens=False).ids
    return Question([eos, *before, *after], 1 + len(before), split=together != before + after)
