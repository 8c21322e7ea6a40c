"""Chat: continues what is typed, line by line; each turn sees all that was written before it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from headwater.commands.generate import add_model_options, load_stream, print_pieces
from headwater.terminal import json_line

DESCRIPTION = (
    "Type a text and the model continues it, line by line, with the text so far as its context. It was trained on "
    "pages, not on conversations. /new begins a new text, /quit or Ctrl-D ends."
)
WELCOME = "The model continues what you type. /new begins a new text, /quit ends."
PROMPT = "> "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Reads lines from a terminal or a pipe. With --json an object for each turn: {"prompt": ..., "text": ...}."""
    stream = load_stream(args)
    if sys.stdin.isatty() and not args.quiet:
        print(WELCOME, file=sys.stderr)
    written = ""
    for line in _typed_lines():
        if line == "/new":
            written = ""
            continue
        prompt = f"{written}\n{line}" if written else line
        if args.json:
            text = "".join(stream(prompt))
            print(json_line({"prompt": line, "text": text}), flush=True)
        else:
            text = print_pieces(stream(prompt))
        written = prompt + text
    return 0


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
