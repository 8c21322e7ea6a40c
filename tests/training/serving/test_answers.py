"""Log probabilities in OpenAI's form: what a token is called, its bytes, and what else could have been drawn."""

from __future__ import annotations

from typing import Any

from training.serving.answers import Choice, Form
from training.serving.generation import DrawnToken

BYTES = {1: b" list", 2: b"\xc3", 3: b" list", 4: b" \xe2\x80", 5: "é".encode()}


def tell(token: DrawnToken, *, chat: bool) -> Any:
    form = Form(chat=chat, logprobs=True, model="x", digest="0", spell_token=lambda one, before: BYTES[one])
    return form.whole([Choice(text="", tokens=[token])], 1)["choices"][0]["logprobs"]


def drawn(token: int, value: float, *likeliest: tuple[int, float]) -> DrawnToken:
    return DrawnToken(id=token, before=None, offset=0, log_probability=value, likeliest=likeliest)


def test_the_drawn_token_is_among_the_likeliest_of_a_completion() -> None:
    told = tell(drawn(5, -4.0, (1, -0.5), (2, -1.5)), chat=False)
    assert told["tokens"] == ["é"]
    assert told["top_logprobs"] == [{" list": -0.5, "bytes:\\xc3": -1.5, "é": -4.0}]
    assert tell(drawn(5, -4.0), chat=False)["top_logprobs"] == [{"é": -4.0}]


def test_of_tokens_with_one_text_the_likeliest_is_told() -> None:
    told = tell(drawn(1, -0.5, (1, -0.5), (4, -1.0), (3, -2.0)), chat=False)
    assert told["top_logprobs"] == [{" list": -0.5, "bytes: \\xe2\\x80": -1.0}]


def test_a_part_of_a_character_is_told_by_its_own_bytes_in_a_conversation() -> None:
    [told] = tell(drawn(2, -0.5, (2, -0.5), (5, -3.0)), chat=True)["content"]
    assert (told["token"], told["bytes"], told["logprob"]) == ("\\xc3", [0xC3], -0.5)
    assert [one["bytes"] for one in told["top_logprobs"]] == [[0xC3], list("é".encode())]
