"""A small corpus that every machine has: the docstrings of the standard library, their tokenizer and their shards."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus.shards.format import Document, Index, write_shard
from corpus.shards.reader import ShardSet
from training.checkpoints.start import Start
from training.config import TrainConfig
from training.distributed.parallel import World
from training.models.config import ModelConfig
from training.models.qwen3.config import Qwen3Config
from training.run.outdir import Outdir
from training.run.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("argparse", "collections", "csv", "datetime", "decimal", "difflib", "fractions", "gzip", "heapq", "inspect")
VOCABULARY = 512
EOS = "<|endoftext|>"
CONTEXT = 32


def documents() -> list[str]:
    """One text a module: the docstrings of it and of all it defines."""
    texts = []
    for name in MODULES:
        module = importlib.import_module(name)
        members = [
            value for _, value in inspect.getmembers(module, lambda v: inspect.isclass(v) or inspect.isroutine(v))
        ]
        texts.append("\n\n".join(doc for doc in map(inspect.getdoc, [module, *members]) if doc))
    return texts


def train_tokenizer(texts: list[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[EOS], initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def doc_id(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()[:16]


def write_shards(folder: Path, streams: list[list[int]], *, vocab_size: int, eos: int, tokenizer: str) -> Path:
    """Documents of token ids, eos put behind each, as two tars of two chunks."""
    folder.mkdir(parents=True)
    made = [
        Document(doc_id=doc_id(number), tokens=np.array([*stream, eos], dtype="<u2"))
        for number, stream in enumerate(streams)
    ]
    parts = [made[start::4] for start in range(4)]
    chunks = [(f"{number:06d}", part) for number, part in enumerate(parts) if part]
    shards = [
        write_shard(folder / f"shard-{number:05d}.tar", some, tokenizer)
        for number, some in enumerate((chunks[:2], chunks[2:]))
        if some
    ]
    index = Index(dtype="<u2", vocab_size=vocab_size, eos=eos, tokenizer=tokenizer, shards=tuple(shards))
    (folder / "index.json").write_bytes(index.to_bytes())
    return folder


def small_model(vocab_size: int, eos: int, **changes: Any) -> Qwen3Config:
    """Two layers of 32 columns, with fewer heads for keys than for queries."""
    config = Qwen3Config(
        vocab_size=vocab_size,
        eos_token_id=eos,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=CONTEXT,
    )
    return replace(config, **changes)


class Data:
    """Shards, held-out shards and tokenizer of one small corpus."""

    def __init__(self, folder: Path, vocabulary: int = VOCABULARY) -> None:
        self.folder, self.texts, self.vocabulary = folder, documents(), vocabulary
        tokenizer = train_tokenizer(self.texts, vocabulary)
        self.tokenizer = folder / "tokenizer.json"
        tokenizer.save(str(self.tokenizer))
        digest = hashlib.sha256(self.tokenizer.read_bytes()).hexdigest()
        self.eos: int = tokenizer.token_to_id(EOS)  # type: ignore[assignment]
        streams = [tokenizer.encode(text).ids for text in self.texts]
        about: dict[str, Any] = {"vocab_size": vocabulary, "eos": self.eos, "tokenizer": digest}
        self.shards = write_shards(folder / "train", streams[2:], **about)
        self.heldout = write_shards(folder / "heldout", streams[:2], **about)
        self.heldout_texts = self.texts[:2]

    def model(self, **changes: Any) -> Qwen3Config:
        return small_model(self.vocabulary, self.eos, **{"rope_theta": 5000.0, **changes})

    def plan(self, **changes: Any) -> TrainConfig:
        return replace(
            TrainConfig(
                tokens=10 * 4 * CONTEXT,
                context=CONTEXT,
                global_batch=4,
                micro_batch=4,
                learning_rate=5e-3,
                eval_every=5,
                eval_sequences=8,
                checkpoint_every=5,
                threads=1,
                dtype="float32",
            ),
            **changes,
        )

    def trainer(
        self,
        out: Outdir,
        *,
        model: ModelConfig | None = None,
        start: Start | None = None,
        overrides: Sequence[str] = (),
        **changes: Any,
    ) -> Trainer:
        """Of one process. The caller holds `out` where it matters."""
        plan = self.plan(**changes)
        out.checkpoints.mkdir(parents=True, exist_ok=True)
        return Trainer(
            model=model or self.model(),
            config=plan,
            shards=ShardSet(self.shards),
            heldout=ShardSet(self.heldout),
            tokenizer=self.tokenizer,
            out=out,
            world=World(plan.threads),
            start=start,
            overrides=overrides,
        )

    def command(self, out: Path | str, *extra: str, ranks: int = 1) -> list[str]:
        """The command line of a short run of the tiny preset."""
        start = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}"] if ranks > 1 else []
        flags = {
            "--shards": self.shards,
            "--heldout": self.heldout,
            "--tokenizer": self.tokenizer,
            "--out": out,
            "--context": CONTEXT,
            "--global-batch": 4,
            "--micro-batch": 2,
            "--eval-every": 5,
            "--checkpoint-every": 5,
            "--threads": ranks,
        }
        return [
            sys.executable,
            *start,
            "training/train.py",
            *(str(part) for pair in flags.items() for part in pair),
            *extra,
        ]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False
    )


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def newest(out: Path) -> Path:
    return max((out / "checkpoints").glob("step-*"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_at(command: list[str], out: Path, step: int, sign: int = signal.SIGKILL) -> int:
    """Starts a run and ends it, with all of its ranks, once it has saved `step`. Returns its exit code."""
    process = psutil.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if (out / "checkpoints" / f"step-{step:08d}").is_dir():
            for one in [process, *(process.children(recursive=True) if sign == signal.SIGKILL else [])]:
                one.send_signal(sign)
            break
        time.sleep(0.005)
    return int(process.wait(timeout=60))
