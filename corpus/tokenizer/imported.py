"""Imported: vocabularies that others trained, as a tokenizer.json that gives the same ids.

    a folder of vocab.json and merges.txt (or encoder.json and vocab.bpe)   GPT-2's format: pieces and their merges
    NAME.tiktoken                                                           tiktoken's: pieces in the order of merging
    NAME.json, or a folder of tokenizer.json                                a tokenizer.json, of any kind

Of a folder that has both, the tokenizer.json is taken: it says how text is split, which may not be as GPT-2 does it. A
vocabulary without `<|endoftext|>` gets it as its last id.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import fsspec
from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from corpus.tokenizer.byte_letters import letter_of_bytes
from corpus.tokenizer.ranks import find_merges
from corpus.tokenizer.splits import GPT2, GPT4, GPT4O
from corpus.tokenizer.vocabulary import EOS

FILES = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """`path`: a folder or file of one of the formats above, at any fsspec URL. `allow_loss`: take it although texts do
    not come back from it as they were (corpus.tokenizer.losses)."""

    path: str
    allow_loss: bool = False


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What a rank file leaves out: how text is split, and the ids of control tokens."""

    split: str
    special: Mapping[str, int]


# As tiktoken names them: Radford et al. 2019 (r50k is GPT-2's vocabulary), and the names of OpenAI's rank files.
ENCODINGS = {
    "r50k_base": Encoding(split=GPT2, special={EOS: 50256}),
    "p50k_base": Encoding(split=GPT2, special={EOS: 50256}),
    "cl100k_base": Encoding(
        split=GPT4,
        special={
            EOS: 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": Encoding(split=GPT4O, special={EOS: 199999, "<|endofprompt|>": 200018}),
}


def read_vocabulary(config: ImportConfig) -> bytes:
    """The bytes of our tokenizer.json. Raises ValueError when it is none of the formats, naming what it found."""
    fs, path = fsspec.core.url_to_fs(config.path)
    folder, path = path, f"{path}/tokenizer.json" if fs.isdir(path) else path
    if not fs.exists(path):
        for vocabulary, merged in FILES:
            if fs.exists(f"{folder}/{vocabulary}") and fs.exists(f"{folder}/{merged}"):
                return _gpt2(fs.cat_file(f"{folder}/{vocabulary}"), fs.cat_file(f"{folder}/{merged}"), config.path)
        raise FileNotFoundError(
            f"{config.path}: no vocabulary; wanted NAME.tiktoken, tokenizer.json, or a folder that holds it or "
            f"{' or '.join(map(' and '.join, FILES))}"
        )
    data: bytes = fs.cat_file(path)
    name, _, ending = path.rsplit("/", 1)[-1].rpartition(".")
    return _tiktoken(data, name, config.path) if ending == "tiktoken" else _tokenizer_json(data, config.path)


def _gpt2(vocabulary: bytes, merged: bytes, where: str) -> bytes:
    try:
        ids: dict[str, int] = json.loads(vocabulary)
        if not isinstance(ids, dict) or not all(isinstance(number, int) for number in ids.values()):
            raise ValueError(f"wanted are pieces with their ids; it begins {vocabulary[:40]!r}")
        lines = [line for line in merged.decode().splitlines() if line and not line.startswith("#version")]
        pairs = [(left, right) for left, right in (line.split(" ") for line in lines)]
    except ValueError as error:
        raise ValueError(f"{where}: not a vocabulary in GPT-2's format ({error})") from error
    return _made(ids, pairs, GPT2, {EOS: ids.get(EOS, max(ids.values(), default=-1) + 1)}, where)


def _tiktoken(data: bytes, name: str, where: str) -> bytes:
    if name not in ENCODINGS:
        raise ValueError(
            f"{where}: a rank file does not say how text is split, which is known for {', '.join(ENCODINGS)}; "
            f"rename the file if it is one of these, or import its tokenizer.json"
        )
    try:
        lines = [line.split() for line in data.splitlines() if line]
        ranks = {base64.b64decode(piece, validate=True): int(rank) for piece, rank in lines}
    except ValueError as error:
        raise ValueError(f"{where}: not a rank file ({error}); it begins {data[:40]!r}") from error
    letters = letter_of_bytes()

    def spelt(piece: bytes) -> str:
        return "".join(map(letters.__getitem__, piece))

    ids = {spelt(piece): rank for piece, rank in ranks.items()}
    pairs = [(spelt(left), spelt(right)) for left, right in find_merges(ranks)]
    return _made(ids, pairs, ENCODINGS[name].split, ENCODINGS[name].special, where)


def _made(
    ids: Mapping[str, int], pairs: list[tuple[str, str]], split: str, special: Mapping[str, int], where: str
) -> bytes:
    if missing := set(letter_of_bytes().values()) - ids.keys():
        raise ValueError(f"{where}: {len(missing)} of the 256 bytes are no piece of it: cut off, or of another kind")
    taken = {number: token for token, number in ids.items()}
    for token, number in special.items():
        if taken.get(number, token) != token:
            raise ValueError(f"{where}: id {number} is {taken[number]!r}, and should be {token}")
    # ignore_merges: a word that is a piece as a whole is looked up, as tiktoken does. GPT-2's are all made by merging.
    try:
        tokenizer = Tokenizer(BPE({**ids, **special}, pairs, ignore_merges=True))
    except Exception as error:  # the library has no class of its own for it
        raise ValueError(f"{where}: its merges are not of its pieces ({error})") from error
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    return tokenizer.to_str(pretty=True).encode()


def _tokenizer_json(data: bytes, where: str) -> bytes:
    try:
        tokenizer = Tokenizer.from_str(data.decode())
    except Exception as error:
        raise ValueError(f"{where}: not a tokenizer.json ({error}); it begins {data[:40]!r}") from error
    # What serves training a model on the fly: a dataset is the same each time, and has whole documents.
    if isinstance(tokenizer.model, BPE):
        tokenizer.model.dropout = None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if tokenizer.num_special_tokens_to_add(is_pair=False):
        # Tokens around a text that a prompt would get elsewhere, lm-eval included: no document here has them.
        tokenizer.post_processor = None
    tokenizer.add_special_tokens([AddedToken(EOS, normalized=False)])
    tokenizer.encode_special_tokens = True  # as Vocabulary does; it is in no byte of the file
    eos = tokenizer.token_to_id(EOS)
    for text in (EOS, f"a{EOS}b", f"a {EOS} b"):
        if eos in tokenizer.encode(text, add_special_tokens=False).ids:
            raise ValueError(
                f"{where}: a page that spells {EOS} would get the control token {eos}, as one of its words"
            )
    return tokenizer.to_str(pretty=True).encode()
