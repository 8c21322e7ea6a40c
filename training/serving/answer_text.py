"""Answer text: the text of tokens as they are drawn, in pieces that are final: whole characters, and nothing that a
stop string may yet cut off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

INCOMPLETE = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer decodes bytes into that are no character yet


class AnswerText:
    """`add` each token, then `end`; the pieces that they return are the text. It ends before the first stop string.

    `context`: the token before the first one, where their texts are to join; it is no part of the answer.
    `length`: characters returned so far; `said`: tokens whose text has been returned whole, counted from the first.
    """

    def __init__(
        self, decode: Callable[[list[int]], str], stop: Sequence[str] = (), context: Sequence[int] = ()
    ) -> None:
        self._decode, self._stop = decode, stop
        # Half a character at the end of a prompt would take the other half away from the answer.
        self._ids: list[int] = [] if decode(list(context)).endswith(INCOMPLETE) else list(context)
        self._context = self._decoded = len(self._ids)
        self._before = 0  # of the `_decoded` ids, whose text is known: those that it was decoded after
        self._held = ""
        self._unsaid: deque[tuple[int, int]] = deque()  # how many tokens there are up to a place of the text, in order
        self.length, self.said, self.stopped = 0, 0, False

    @property
    def offset(self) -> int:
        """Characters before the next token: those returned, and those held back."""
        return self.length + len(self._held)

    def add(self, token: int) -> str:
        self._ids.append(token)
        self._hold(final=False)
        return self._release(final=False)

    def end(self) -> str:
        """What is left, as it is."""
        if self.stopped:
            return ""
        self._hold(final=True)
        return self._release(final=True)

    def _hold(self, *, final: bool) -> None:
        self._held += self._decode_new(final=final)
        if self._decoded == len(self._ids):
            self._unsaid.append((len(self._ids) - self._context, self.offset))

    def _decode_new(self, *, final: bool) -> str:
        """Beside the tokens before it: some tokenizers write a token otherwise at the beginning of a text."""
        known = self._decode(self._ids[self._before : self._decoded])
        text = self._decode(self._ids[self._before :])
        if len(text) <= len(known) or (text.endswith(INCOMPLETE) and not final):
            return ""
        self._before, self._decoded = self._decoded, len(self._ids)
        return text[len(known) :]

    def _release(self, *, final: bool) -> str:
        places = [place for stop in self._stop if (place := self._held.find(stop)) >= 0]
        if places:
            piece, self._held, self.stopped = self._held[: min(places)], "", True
        else:
            kept = 0 if final else max((_beginning(self._held, stop) for stop in self._stop), default=0)
            piece, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        self.length += len(piece)
        while self._unsaid and self._unsaid[0][1] <= self.length:
            self.said, _ = self._unsaid.popleft()
        return piece


def _beginning(text: str, stop: str) -> int:
    """How many characters at the end of the text are the beginning of a stop string."""
    return next((count for count in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:count])), 0)
