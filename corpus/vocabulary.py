"""Vocabulary: a byte-level BPE that is trained on the corpus and encodes it.

Byte-level: every text has an encoding and decodes to itself. The control token is added after encoding: text in a
page that spells it becomes ordinary tokens. Source: Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from corpus.manifest import sha256

LIBRARIES = {"tokenizers": version("tokenizers")}
EOS = "<|endoftext|>"
# GPT-4's split with digits in groups of at most three and no contractions: words with their space, numbers, runs of
# punctuation, white space. Runs are bounded at 64 characters, for BPE is quadratic in the length of a run.
SPLIT = (
    r"[^\r\n\p{L}\p{N}]?\p{L}{1,64}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,64}[\r\n]*"
    r"|\s{0,64}[\r\n]{1,64}|\s{1,64}(?!\S)|\s{1,64}"
)


@dataclass(frozen=True, kw_only=True)
class VocabularyConfig:
    """`sample_characters`: how much text the merges are learnt from; documents are taken evenly over the corpus."""

    size: int = 4096
    sample_characters: int = 50_000_000


def train(texts: Iterator[str], config: VocabularyConfig) -> bytes:
    """The bytes of tokenizer.json. The same texts in the same order give the same bytes."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=config.size,
        special_tokens=[EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str(pretty=True).encode()


class Vocabulary:
    """A trained tokenizer. `digest` is the SHA-256 of its file: shards, checkpoints and scores carry it."""

    def __init__(self, data: bytes) -> None:
        self.digest = sha256(data)
        self._tokenizer = Tokenizer.from_str(data.decode())
        self.size = self._tokenizer.get_vocab_size()
        eos = self._tokenizer.token_to_id(EOS)
        if eos is None:
            raise ValueError(f"tokenizer {self.digest[:12]} has no {EOS} token")
        self.eos: int = eos
        self._tokenizer.encode_special_tokens = True  # what a page writes is text, also where it spells `eos`

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of each text, int64, closed by `eos`, which nothing in a text can produce."""
        encoded = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array([*encoding.ids, self.eos], dtype=np.int64) for encoding in encoded]
