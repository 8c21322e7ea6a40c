"""The text of an answer as it comes: nothing of a stop string or of half a character, and each token at its place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from training.inference.sampling import GREEDY
from training.serving.answer_text import INCOMPLETE, AnswerText
from training.serving.generation import Generation, Piece, Question

ENDS = 0  # the token that ends a text


def write(tokens: Sequence[bytes], stop: Sequence[str], *, ended: bool = False) -> list[Piece]:
    """The pieces of an answer that draws these tokens; `ended`: whether the model then ends it by itself."""
    vocabulary = [b"", *dict.fromkeys(tokens)]

    def decode(ids: list[int]) -> str:
        return b"".join(vocabulary[number] for number in ids).decode(errors="replace")

    drawn = [vocabulary.index(token) for token in tokens] + [ENDS] * ended
    asked = Question(prompt=[ENDS], max_tokens=len(tokens) + ended, sampling=GREEDY, stop=stop, likeliest=0)
    generation = Generation(question=asked, deliver=lambda _: None, answer=AnswerText(decode, stop))
    pieces: list[Piece] = []
    for number in drawn:
        logits = torch.zeros(len(vocabulary))
        logits[number] = 9
        pieces.append(generation.draw(logits, frozenset({ENDS})))
        if pieces[-1].finish:
            break
    return pieces


def split(text: str) -> list[bytes]:
    return [letter.encode() for letter in text]


@pytest.mark.parametrize(
    ("tokens", "stop", "text", "offsets"),
    [
        (split("x\n\nx"), "\n\nQ", "x\n\nx", [0, 1, 2, 3]),  # held back for a while
        (split("xaaab"), "aab", "xa", [0, 1]),  # and cut off
        (split("xQ"), "Q", "x", [0]),
        ([b"x", b"y\n", b"\nQ"], "\n\nQ", "xy", [0, 1]),  # a token of which a part is said
        ([b"x\n", b"\n"], "\n\nQ", "x\n\n", [0, 2]),  # the end, and no stop string
        ([b"x", "é".encode()[:1], "é".encode()[1:], b"y"], "Q", "xéy", [0, 1, 1, 2]),  # a character of two tokens
        (["é".encode()[:1], b"y"], "Q", f"{INCOMPLETE}y", [0, 0]),
    ],
)
def test_tokens_are_told_at_their_places_and_none_of_a_stop_string(
    tokens: list[bytes], stop: str, text: str, offsets: list[int]
) -> None:
    pieces = write(tokens, [stop])
    assert "".join(piece.text for piece in pieces) == text
    assert [token.offset for piece in pieces for token in piece.tokens] == offsets


@pytest.mark.parametrize("ended", [False, True])
def test_a_token_is_told_with_the_last_of_its_text(ended: bool) -> None:
    """Not before, as it would give away what is held back."""
    pieces = write([*split("x\n\n"), b"yz\n", "é".encode()[:1], "é".encode()[1:], b"e"], ["\n\nQ"], ended=ended)
    said = told = 0
    for piece in pieces:
        said, told = said + len(piece.text), told + len(piece.tokens)
        assert piece.finish or told == {1: 1, 5: 3, 7: 6, 8: 7}[said]
    assert told == 7 and said == 8
