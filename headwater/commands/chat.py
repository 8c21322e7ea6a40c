"""Chat: continues what is typed, line by line; each turn sees all that was written before it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headwater.commands.generate import add_model_options, load_source, print_pieces
from headwater.terminal import json_line
from training.inference.conversation import join_turns

DESCRIPTION = (
    "Type a line and the model continues it, or answers where it was fine-tuned on conversations, with what was "
    "written so far as its context. /new begins anew, /quit or Ctrl-D ends."
)
WELCOME = "The model {does} what you type. /new begins anew, /quit ends."
PROMPT = "> "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Reads lines from a terminal or a pipe. With --json an object for each turn: {"prompt": ..., "text": ...}."""
    source, settings = load_source(args)
    converses = getattr(source, "converses", False)
    if sys.stdin.isatty() and not args.quiet:
        print(WELCOME.format(does="answers" if converses else "continues"), file=sys.stderr)
    turns: list[str] = []  # what was typed and what was said to it, in turn
    for line in _typed_lines():
        if line == "/new":
            turns = []
            continue
        turns.append(line)
        pieces = _answer(source, turns, settings) if converses else source.stream(join_turns(turns), **settings)
        if args.json:
            turns.append("".join(pieces))
            print(json_line({"prompt": line, "text": turns[-1]}), flush=True)
        else:
            turns.append(print_pieces(pieces))
    return 0


def _answer(source: Any, turns: Sequence[str], settings: Mapping[str, Any]) -> Iterator[str]:
    messages = [{"role": ("user", "assistant")[place % 2], "content": turn} for place, turn in enumerate(turns)]
    pieces: Iterator[str] = source.reply(messages, **settings)
    return pieces


def _typed_lines() -> Iterator[str]:
    """Lines until /quit or the end of the input; empty ones are left out. A terminal is asked for each."""
    terminal = sys.stdin.isatty()
    if terminal:
        import readline  # noqa: F401 - its import gives input() a history and editing
    while True:
        try:
            line = input(PROMPT) if terminal else next(sys.stdin)
        except (EOFError, StopIteration):
            return
        line = line.strip()
        if line == "/quit":
            return
        if line:
            yield line
