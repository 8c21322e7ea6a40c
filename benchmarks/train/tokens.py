"""Tokens that every machine can make: docstrings of the standard library, as shards and as one memory-mapped file."""

from __future__ import annotations

import ast
import hashlib
import sysconfig
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus.shards.format import Document, Index, write_shard

VOCABULARY, EOS = 4096, "<|endoftext|>"
HELD_OUT = 20  # every so many-th module


def docstrings() -> list[str]:
    """One text a module of the standard library, in the order of their paths."""
    root = Path(sysconfig.get_path("stdlib"))
    texts = []
    for path in sorted(root.rglob("*.py")):
        if {"site-packages", "test", "tests", "lib2to3"} & set(path.relative_to(root).parts):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)]
        text = "\n\n".join(part for part in found if part)
        if len(text) > 200:
            texts.append(text)
    return texts


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Byte-level BPE of VOCABULARY tokens, with EOS."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[EOS], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def make(folder: Path) -> dict[str, int]:
    """Writes tokenizer.json, train/ and heldout/ (shards), train.bin and heldout.bin (uint16). Returns their tokens."""
    texts = docstrings()
    tokenizer = train_tokenizer(texts)
    tokenizer.save(str(folder / "tokenizer.json"))
    digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
    eos = tokenizer.token_to_id(EOS)
    streams = [[*tokenizer.encode(text).ids, eos] for text in texts]
    counts = {}
    for name, part in (
        ("heldout", streams[::HELD_OUT]),
        ("train", [stream for number, stream in enumerate(streams) if number % HELD_OUT]),
    ):
        (folder / name).mkdir()
        documents = [
            Document(doc_id=hashlib.sha256(f"{name} {number}".encode()).digest()[:16], tokens=np.array(stream, "<u2"))
            for number, stream in enumerate(part)
        ]
        shard = write_shard(folder / name / "shard-00000.tar", [("000000", documents)], digest)
        index = Index(dtype="<u2", vocab_size=VOCABULARY, eos=eos, tokenizer=digest, shards=(shard,))
        (folder / name / "index.json").write_bytes(index.to_bytes())
        everything = np.concatenate([document.tokens for document in documents])
        everything.tofile(folder / f"{name}.bin")
        counts[name] = len(everything)
    return counts
