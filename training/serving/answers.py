"""Answers: pieces of text as OpenAI's objects, whole or as they come."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.serving.generation import DrawnToken, Finish, Piece


@dataclass(kw_only=True)
class Choice:
    """What has been said of one answer so far."""

    text: str = ""
    tokens: list[DrawnToken] = field(default_factory=list)
    generated: int = 0
    finish: Finish | None = None

    def add(self, piece: Piece) -> None:
        self.text += piece.text
        self.tokens += piece.tokens
        self.generated, self.finish = piece.generated, piece.finish


class Form:
    """Of one request. `chat`: whether it is a conversation; `logprobs`: whether log probabilities are told;
    `spell_token`: the bytes of a token behind another (served_model.py)."""

    def __init__(
        self, *, chat: bool, logprobs: bool, model: str, digest: str, spell_token: Callable[[int, int | None], bytes]
    ) -> None:
        self._chat, self._logprobs, self._spell_token = chat, logprobs, spell_token
        self._kind = "chat.completion" if chat else "text_completion"
        self._shared = {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": f"sha256-{digest[:16]}",
        }

    def whole(self, choices: Sequence[Choice], prompt_tokens: int) -> dict[str, Any]:
        said = [self._choice(number, choice) for number, choice in enumerate(choices)]
        return {
            **self._shared,
            "object": self._kind,
            "choices": said,
            "usage": usage(prompt_tokens, sum(choice.generated for choice in choices)),
        }

    def _choice(self, number: int, choice: Choice) -> dict[str, Any]:
        text = {"message": {"role": "assistant", "content": choice.text}} if self._chat else {"text": choice.text}
        return {"index": number, **text, "logprobs": self._tell(choice.tokens), "finish_reason": choice.finish}

    def opening(self, number: int) -> dict[str, Any] | None:
        """Of a stream: who speaks."""
        return self._part(number, {"role": "assistant", "content": ""}, [], None) if self._chat else None

    def part(self, number: int, piece: Piece) -> dict[str, Any]:
        return self._part(number, {"content": piece.text} if piece.text else {}, piece.tokens, piece.finish)

    def _part(
        self, number: int, delta: dict[str, str], tokens: Sequence[DrawnToken], finish: Finish | None
    ) -> dict[str, Any]:
        text = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": number, **text, "logprobs": self._tell(tokens), "finish_reason": finish}
        return {**self._shared, "object": self._part_kind, "choices": [choice]}

    @property
    def _part_kind(self) -> str:
        return "chat.completion.chunk" if self._chat else self._kind

    def closing(self, prompt_tokens: int, generated: int) -> dict[str, Any]:
        """Of a stream: what it took."""
        return {**self._shared, "object": self._part_kind, "choices": [], "usage": usage(prompt_tokens, generated)}

    def _tell(self, tokens: Sequence[DrawnToken]) -> dict[str, Any] | None:
        if not self._logprobs:
            return None
        if self._chat:
            return {"content": [self._describe(token) for token in tokens]}
        return {
            "tokens": [self._name(token.id, token.before) for token in tokens],
            "token_logprobs": [token.log_probability for token in tokens],
            "top_logprobs": [self._likeliest_by_name(token) for token in tokens],
            "text_offset": [token.offset for token in tokens],
        }

    def _likeliest_by_name(self, token: DrawnToken) -> dict[str, float]:
        """And the drawn one. Of tokens of one name the likeliest counts."""
        found: dict[str, float] = {}
        for one, value in (*token.likeliest, (token.id, token.log_probability)):  # in descending order
            found.setdefault(self._name(one, token.before), value)
        return found

    def _name(self, token: int, before: int | None) -> str:
        data = self._spell_token(token, before)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return f"bytes:{_escape(data)}"

    def _describe(self, token: DrawnToken) -> dict[str, Any]:
        likeliest = [self._spell(one, token.before, value) for one, value in token.likeliest]
        return {**self._spell(token.id, token.before, token.log_probability), "top_logprobs": likeliest}

    def _spell(self, token: int, before: int | None, value: float) -> dict[str, Any]:
        data = self._spell_token(token, before)
        return {"token": _escape(data), "logprob": value, "bytes": list(data)}


def _escape(data: bytes) -> str:
    """Parts of characters as OpenAI writes them, such as \\xc3."""
    return data.decode(errors="backslashreplace")


def usage(prompt_tokens: int, generated: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": generated,
        "total_tokens": prompt_tokens + generated,
    }
