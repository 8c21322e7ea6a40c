"""Questions: token ids, some given and some asked for, and the windows of at most a context that ask them.

A context and its continuation are cut as lm-eval cuts them (`TemplateLM._encode_pair`): white space at the end of the
context moves to the continuation, both are encoded as one text, and the tokens behind the context's own are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

Encode = Callable[[Sequence[str], bool], list[list[int]]]  # texts, and whether special tokens are added


class Question(NamedTuple):
    """Token ids; those from `start` on, one at least, are asked for, each given those before it."""

    tokens: list[int]
    start: int


class Window(NamedTuple):
    """Tokens [begin, stop - 1) of a question are read to score tokens [start, stop) of it."""

    begin: int
    start: int
    stop: int


def windows(question: Question, context: int) -> Iterator[Window]:
    """Windows that read at most `context` tokens and ask for each asked token once.

    What is too long loses its beginning. Where more is asked for than a context holds, each window asks for a context
    full behind one token, and the last reads back as far as it can: lm-eval's rolling windows, made disjoint.
    """
    start, length = question.start, len(question.tokens)
    while start < length:
        stop = min(length, start + context)
        yield Window(max(0, stop - 1 - context), start, stop)
        start = stop


def continuations(pairs: Sequence[tuple[str, str]], encode: Encode, prefix: int) -> list[Question]:
    """A question for each (context, continuation). `prefix` stands in for an empty context. Raises ValueError for a
    continuation without a token, which would be the likeliest of all."""
    moved = [_at_white_space(context, continuation) for context, continuation in pairs]
    whole = _encoded([context + continuation for context, continuation in moved if context], encode, True)
    given = _encoded([context for context, _ in moved if context], encode, True)
    alone = _encoded([continuation for context, continuation in moved if not context], encode, False)
    questions = []
    for context, continuation in moved:
        before = given[context] if context else []
        tokens = whole[context + continuation] if context else alone[continuation]
        if len(tokens) <= len(before):  # merged into the context's last token: asked for by itself
            tokens = [*before, *encode([continuation], False)[0]]
        if len(tokens) == len(before):
            raise ValueError(f"the tokenizer makes no token of {continuation!r}: nothing would be asked")
        if not before and (tokens[0] != prefix or len(tokens) == 1):
            tokens = [prefix, *tokens]
        questions.append(Question(tokens, max(1, len(before))))
    return questions


def documents(texts: Sequence[str], encode: Encode, prefix: int) -> list[Question]:
    """All tokens of each text, behind `prefix`."""
    found = _encoded(texts, encode, True)
    return [Question([prefix, *found[text]], 1) for text in texts]


def _at_white_space(context: str, continuation: str) -> tuple[str, str]:
    shorter = context.rstrip()
    return shorter, context[len(shorter) :] + continuation


def _encoded(texts: Sequence[str], encode: Encode, special: bool) -> dict[str, list[int]]:
    """Each text once: the choices of an item share their context."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, encode(distinct, special), strict=True))
