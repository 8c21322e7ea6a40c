"""Fine-tuned: what the commands have in common that ask a fine-tuned model: which one, what, and what it says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corpus.text.lines import split_lines
from headwater.options import positive_int
from headwater.terminal import json_line, printable

Example = dict[str, Any]
# By task, the command that uses its models.
COMMANDS = {
    "classification": "classify",
    "regression": "classify",
    "tagging": "tag",
    "answering": "answer",
    "translation": "translate",
    "summarization": "summarize",
    "instructions": "chat",
}


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="the --out of training/finetune.py, or model/ in it"
    )
    parser.add_argument(
        "--threads", type=positive_int, default=2, metavar="N", help="CPU threads; may change a result by rounding (2)"
    )


def add_texts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="+", metavar="TEXT", help="a text; - reads one a line from stdin")


def read_texts(args: argparse.Namespace) -> list[str]:
    """Raises ValueError where there is none."""
    texts = [line for text in args.text for line in (split_lines(sys.stdin.read()) if text == "-" else [text])]
    found = [text for text in texts if text.strip()]
    if not found:
        raise ValueError("there is no text to read; give one, or lines on stdin")
    return found


def ask(args: argparse.Namespace, examples: Sequence[Example], show: Callable[[Example, dict[str, Any]], str]) -> int:
    """Prints what the model says of each, with --json an object a line. Raises ValueError where it was fine-tuned for a
    task of another command."""
    from training.distributed.device import require_determinism
    from training.finetuning.finished import load_finetuned

    require_determinism(args.threads)
    model = load_finetuned(args.model)
    task, command = model.task.NAME, args.command.__name__.rpartition(".")[2]
    if COMMANDS.get(task) != command:
        use = f"`headwater {COMMANDS[task]}`" if task in COMMANDS else "headwater.load_finetuned in Python"
        raise ValueError(f"{args.model}: the model was fine-tuned for {task}; use {use}")
    for example, said in zip(examples, model.predict(examples), strict=True):
        print(json_line({**example, **said}) if args.json else printable(show(example, said)), flush=True)
    return 0
