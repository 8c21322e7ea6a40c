"""Vocabulary: a byte-level BPE that is trained on the corpus, or brought along, and encodes it.

Byte-level: every text has an encoding and decodes to itself. The control token is added after encoding: text in a
page that spells it becomes ordinary tokens. Source: Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

import numpy as np
import tiktoken
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from corpus.lake.manifest import sha256
from corpus.tokenizer.ranks import load_fast_encoding
from corpus.tokenizer.splits import OWN

LIBRARIES = {name: version(name) for name in ("tiktoken", "tokenizers")}
EOS = "<|endoftext|>"
SMALLEST = 256 + 1
# Bytes: eight Han characters, or the longest usual words. A phrase that a few sites repeat ten thousand times is no
# token of its own, as it is in vocabularies of large crawls, where models never learn what it means.
LONGEST_TOKEN = 24


@dataclass(frozen=True, kw_only=True)
class VocabularyConfig:
    """`size` of the vocabulary, the end of text included. It is learnt from at most `sample_characters`, of a document
    at most its first `document_characters`; corpus.tokenizer.balance says how `balance` shares them among languages."""

    size: int = 4096
    sample_characters: int = 50_000_000
    document_characters: int = 100_000
    balance: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < SMALLEST:
            raise ValueError(f"size {self.size}: a vocabulary has {SMALLEST} ids at least, of the bytes and of {EOS}")
        for name in ("sample_characters", "document_characters"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: at least 1 is needed")
        if not 0 <= self.balance <= 1:
            raise ValueError(
                f"balance {self.balance}: wanted is a number from 0 (all languages alike) to 1 (as they are)"
            )


def train_vocabulary(texts: Iterator[str], config: VocabularyConfig) -> bytes:
    """The bytes of tokenizer.json. The same texts give the same bytes, whatever their order."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(OWN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=config.size,
        special_tokens=[EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=LONGEST_TOKEN,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str(pretty=True).encode()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a text has no tokens: a reason of the ledger, and what the tokenizer said."""

    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """`tokens`: ids of all texts, one text after the other, uint32; `lengths` of each, its closing `eos` included,
    int64 (texts,); a text of `failed`, by its position, has none."""

    tokens: np.ndarray
    lengths: np.ndarray
    failed: Mapping[int, Failure]


class Vocabulary:
    """A tokenizer. `digest` is the SHA-256 of its file: shards, checkpoints and scores carry it. `size` is one more
    than its largest id, `tokenizer` the library's own. `threads`: how many texts are encoded at a time."""

    def __init__(self, data: bytes, threads: int = 1) -> None:
        self.digest = sha256(data)
        self.tokenizer = Tokenizer.from_str(data.decode())
        self.size = max(self.tokenizer.get_vocab().values()) + 1
        eos = self.tokenizer.token_to_id(EOS)
        if eos is None:
            raise ValueError(f"tokenizer {self.digest[:12]} has no {EOS} token")
        self.eos: int = eos
        self.tokenizer.encode_special_tokens = True  # what a page writes is text, also where it spells `eos`
        self._data = data
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Each text by itself, closed by `eos`, which nothing in a text can produce. A text on which the tokenizer
        fails costs no other one."""
        found = list((self._pool.map if self._pool else map)(self._ids, texts))
        end = np.array([self.eos], np.uint32)
        tokens = [part for ids in found if not isinstance(ids, Failure) for part in (ids, end)]
        lengths = [0 if isinstance(ids, Failure) else len(ids) + 1 for ids in found]
        return Encoded(
            tokens=np.concatenate([np.empty(0, np.uint32), *tokens]),
            lengths=np.array(lengths, dtype=np.int64),
            failed={position: ids for position, ids in enumerate(found) if isinstance(ids, Failure)},
        )

    @cached_property
    def _fast(self) -> tiktoken.Encoding | None:
        return load_fast_encoding(self._data)

    def _ids(self, text: str) -> np.ndarray | Failure:
        if self._fast is not None:
            try:
                ids: np.ndarray = self._fast.encode_to_numpy(text, disallowed_special=())
                return ids
            except BaseException as error:
                _failure(error)  # a million blanks in a row, where the split has no bound: the library below can
        try:
            [encoding] = self.tokenizer.encode_batch_fast([text], add_special_tokens=False)
        except BaseException as error:
            return _failure(error)
        return np.array(encoding.ids, dtype=np.uint32)


def _failure(error: BaseException) -> Failure:
    """What a text is dropped for. Raises the error again when it is none of the tokenizer's.

    A panic of its Rust code is no Exception, and its class, which PyO3 makes, cannot be imported. A lone surrogate, of
    which no document has one, is a TypeError.
    """
    if type(error).__name__ == "PanicException":
        return Failure(reason="tokenizer_panic", detail=str(error))
    if isinstance(error, Exception) and not isinstance(error, MemoryError):
        return Failure(reason="tokenizer_error", detail=str(error))
    raise error
