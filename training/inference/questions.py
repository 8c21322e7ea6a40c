"""Questions: token ids of which the last ones are scored, and the windows of at most a context in which they are read.

A context and its continuation are cut as lm-eval cuts them (`TemplateLM._encode_pair`): white space at the end of the
context moves to the continuation, both are encoded as one text, and of its tokens as many as the context alone has are
replaced by these:

    context      ab             a b
    both         abc d          abc d e
    question     a b | e        read a b, score e: abc, in which both meet, takes the place of a
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

Encode = Callable[[Sequence[str], bool], list[list[int]]]  # texts, and whether special tokens are added


class Question(NamedTuple):
    """Token ids. Those from `start` on, at least one, are the targets, each predicted from all before it.

    `joined`: context and continuation meet inside a token, so that only the rest of the continuation is a target.
    """

    tokens: list[int]
    start: int
    joined: bool = False


class Window(NamedTuple):
    """Tokens [begin, stop - 1) of a question are read to score tokens [start, stop) of it."""

    begin: int
    start: int
    stop: int


def split_into_windows(question: Question, context: int) -> Iterator[Window]:
    """Windows that read at most `context` tokens and score each target once.

    A question that is too long loses its beginning. With more targets than a context holds, each window scores a
    context of them after one token, and the last reads back as far as it can: lm-eval's disjoint rolling windows.
    """
    start, length = question.start, len(question.tokens)
    while start < length:
        stop = min(length, start + context)
        yield Window(max(0, stop - 1 - context), start, stop)
        start = stop


def continuation_questions(pairs: Sequence[tuple[str, str]], encode: Encode, prefix: int) -> list[Question]:
    """A question for each (context, continuation). `prefix` replaces an empty context. Raises ValueError for a
    continuation without a token, which would always be the likeliest."""
    moved = [_move_white_space(context, continuation) for context, continuation in pairs]
    whole = _encode_distinct([context + continuation for context, continuation in moved if context], encode, True)
    contexts = _encode_distinct([context for context, _ in moved if context], encode, True)
    alone = _encode_distinct([continuation for context, continuation in moved if not context], encode, False)
    questions = []
    for context, continuation in moved:
        before = contexts[context] if context else []
        both = whole[context + continuation] if context else alone[continuation]
        joined = both[: len(before)] != before
        # Where nothing is left, lm-eval stops with an error; then the continuation is encoded by itself.
        tokens = before + (both[len(before) :] or encode([continuation], False)[0])
        if len(tokens) == len(before):
            raise ValueError(f"the tokenizer makes no token of {continuation!r}: there would be nothing to score")
        if not before and (tokens[0] != prefix or len(tokens) == 1):
            tokens = [prefix, *tokens]
        questions.append(Question(tokens, max(1, len(before)), joined))
    return questions


def document_questions(texts: Sequence[str], encode: Encode, prefix: int) -> list[Question]:
    """All tokens of each text, after `prefix`."""
    encoded = _encode_distinct(texts, encode, True)
    return [Question([prefix, *encoded[text]], 1) for text in texts]


def _move_white_space(context: str, continuation: str) -> tuple[str, str]:
    shorter = context.rstrip()
    return shorter, context[len(shorter) :] + continuation


def _encode_distinct(texts: Sequence[str], encode: Encode, special: bool) -> dict[str, list[int]]:
    """The ids of each text, encoded once: the choices of an item share their context."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, encode(distinct, special), strict=True))
