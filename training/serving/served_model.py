"""Served model: what a folder holds, with its tokenizer and the form that its conversations have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from corpus.tokenizer.byte_letters import byte_of_letters
from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.checkpoints.export import load_model, load_tokenizer
from training.inference.conversation import Message, encode_asked, join_turns
from training.inference.loading import model_digest
from training.models.module import CausalModel, MaskedModel
from training.serving.answer_text import INCOMPLETE

BYTE_OF = byte_of_letters()


class Texts(ABC):
    """Text to ids and back."""

    ends: frozenset[int]  # tokens that end a text

    @abstractmethod
    def encode(self, text: str) -> list[int]: ...

    @abstractmethod
    def decode(self, ids: list[int]) -> str: ...

    @abstractmethod
    def find_entry(self, token: int) -> str | None:
        """How the vocabulary writes a token."""

    def spell_token(self, token: int, before: int | None) -> bytes:
        """What a token adds to a text behind the token `before`; None at a beginning, where some tokenizers leave out a
        space. Of a token with a part of a character its own bytes, where the vocabulary is one of bytes."""
        context = [] if before is None or self.decode([before]).endswith(INCOMPLETE) else [before]
        text = self.decode([*context, token])[len(self.decode(context)) :]
        own = bytes(BYTE_OF[character] for character in self.find_entry(token) or "" if character in BYTE_OF)
        return own if INCOMPLETE in text and own.decode(errors="replace") == text else text.encode()

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

    def find_entry(self, token: int) -> str | None:
        found: str | None = self._tokenizer.id_to_token(token)
        return found


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

    def find_entry(self, token: int) -> str | None:
        found: str | None = self._tokenizer.convert_ids_to_tokens(token)
        return found

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
