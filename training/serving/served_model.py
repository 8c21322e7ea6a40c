"""Served model: what a folder holds, with its tokenizer and the form that its conversations have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.checkpoints.export import load_model, load_tokenizer
from training.inference.conversation import Message, encode_asked, join_turns
from training.inference.loading import model_digest
from training.models.module import CausalModel, MaskedModel


class Texts(ABC):
    """Text to ids and back."""

    ends: frozenset[int]  # tokens that end a text

    @abstractmethod
    def encode(self, text: str) -> list[int]: ...

    @abstractmethod
    def decode(self, ids: list[int]) -> str: ...

    def encode_conversation(self, messages: Sequence[Message]) -> list[int]:
        """Up to where the next answer begins. Raises ValueError for one that the model has no form for."""
        return self.encode(join_turns([message["content"] for message in messages]))


class OurTexts(Texts):
    """Of a checkpoint: a prompt is the beginning of a document. What looks like a control token is ordinary text."""

    def __init__(self, tokenizer: Tokenizer, eos: int) -> None:
        self._tokenizer, self._eos, self.ends = tokenizer, eos, frozenset({eos})

    def encode(self, text: str) -> list[int]:
        return [self._eos, *self._tokenizer.encode(text).ids]

    def decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids))


class HuggingFaceTexts(Texts):
    """Of a Hugging Face folder, as its tokenizer is configured."""

    def __init__(self, folder: Path, eos: int) -> None:
        from training.inference.huggingface import load_pretrained_tokenizer  # transformers takes seconds to import

        self._tokenizer: Any = load_pretrained_tokenizer(folder)
        self._eos, own = eos, self._tokenizer.eos_token_id
        self.ends = frozenset({eos, own} - {None})

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text)["input_ids"]) or [self._eos]

    def decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def encode_conversation(self, messages: Sequence[Message]) -> list[int]:
        if not self._tokenizer.chat_template:
            return super().encode_conversation(messages)
        return encode_asked(self._tokenizer, messages)


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """`digest`: SHA-256 of what decides its answers; `created`: seconds since 1970."""

    name: str
    model: CausalModel | MaskedModel
    texts: Texts
    digest: str
    created: int

    @property
    def context(self) -> int:
        return int(self.model.config.max_position_embeddings)


def load_served(folder: Path, name: str) -> ServedModel:
    """A checkpoint, the newest of a run, or a Hugging Face folder of a family that Headwater has; float32 on the CPU.

    Raises FileNotFoundError where there is none, ValueError where its bytes are damaged or it is of no use here.
    """
    ours = is_ours(folder)
    folder = find_checkpoint(folder) if ours else folder
    model = load_model(folder).eval()
    if not isinstance(model, (CausalModel, MaskedModel)):
        raise ValueError(
            f"{folder}: a model of the family {model.config.model_type} is not served; those that continue texts are, "
            f"and those of hidden tokens, for their vectors (docs/serving.md)"
        )
    eos = model.config.eos_token_id
    texts = OurTexts(load_tokenizer(folder / "tokenizer.json"), eos) if ours else HuggingFaceTexts(folder, eos)
    created = int((folder / "config.json").stat().st_mtime)
    return ServedModel(name=name, model=model, texts=texts, digest=model_digest(folder), created=created)
