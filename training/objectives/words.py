"""Words: which tokens of a sequence are one word, in languages that write spaces and in Chinese. In Japanese, Thai and
others that do without spaces a word is a character with its marks.

V vocabulary   T tokens
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from tokenizers import Tokenizer

from corpus.text.normal_form import WORD
from corpus.tokenizer.byte_letters import byte_of_letters

BROKEN = re.compile("[\udc80-\udcff]")


class Words:
    """Of a byte-level vocabulary. Raises ValueError for another one, and where rjieba, which knows Chinese, is not
    installed."""

    def __init__(self, tokenizer: bytes, vocab_size: int) -> None:
        try:
            from rjieba import cut
        except ImportError as error:
            raise ValueError("--whole-words needs rjieba: pip install 'headwater[words]'") from error
        self._cut, found = cut, Tokenizer.from_str(tokenizer.decode())
        spelled = [found.id_to_token(token) or "" for token in range(vocab_size)]
        special = {token.content for token in found.get_added_tokens_decoder().values()}
        byte = byte_of_letters()
        try:
            self.bytes = [b" " if text in special else bytes(byte[letter] for letter in text) for text in spelled]
        except KeyError as error:
            raise ValueError(f"--whole-words reads byte-level vocabularies; this one has the letter {error}") from error

    def number(self, tokens: np.ndarray) -> np.ndarray:
        """The number of the word that each of tokens (T,) belongs to, int64 (T,), ascending."""
        pieces = [self.bytes[token] for token in tokens.tolist()]
        # A character that the ends of the sequence cut is a "?" for each of its bytes, so that lengths stay.
        text = BROKEN.sub("?", b"".join(pieces).decode("utf-8", errors="surrogateescape"))
        sizes = [len(word.encode()) for word in self._split(text)]
        lengths = np.array([len(piece) for piece in pieces])
        # The space before a word is part of the token, and not of the word.
        spaces = np.array([len(piece) - len(piece.lstrip()) for piece in pieces])
        starts = np.cumsum(lengths) - lengths + np.minimum(spaces, np.maximum(lengths - 1, 0))
        return np.searchsorted(np.cumsum(sizes), starts, side="right")

    def _split(self, text: str) -> Iterator[str]:
        """Its words, and what stands between them. jieba knows Chinese words and those of letters from a to z, which
        may be one word together ("T恤"), and falls into single characters at all other letters."""
        cut = 0
        for word in WORD.finditer(text):
            if len(word[0]) > 1 and not word[0].isascii():
                yield from self._cut(text[cut : word.start()])
                yield word[0]
                cut = word.end()
        yield from self._cut(text[cut:])
