"""`headwater`: the command line. A table of commands; each is a module of headwater/commands/ (of `fill-mask`
fill_mask.py) with two functions, `add_arguments(parser)` and `run(args)`, which returns the exit status.

Only the module of the command that was typed is imported, and it imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from corpus.config import nearest
from headwater import interrupts, logs
from headwater.options import Parser, add_output

COMMANDS = {
    "demo": "train and score a small model on built-in crawls, or on yours",
    "verify": "read every dataset, or the shards in a folder, and compare digests; or compute them again",
    "trace": "follow a page or host to the training steps that read it, or a step, score or text back",
    "search": "find the documents that hold words",
    "inspect": "show what a stage kept and dropped, and why, with the texts",
    "contamination": "show which benchmark items occur in which documents",
    "extract": "print the main text of HTML files",
    "select": "fit a model by which a recipe keeps the documents that are most like chosen texts",
    "vectors": "learn word vectors of a recipe's documents, or of any texts",
    "nearest": "print the words whose vectors are nearest to a word's, and analogies",
    "dedup": "remove duplicates from files of documents",
    "score": "score a checkpoint on benchmarks",
    "risks": "measure what a model, and the filters behind it, may do wrong",
    "canaries": "plant secrets in documents, to see later what a model gives away of them",
    "shrink": "make a trained model small: fewer layers, heads or bits, or a teacher's predictions",
    "export": "write a model as one file for llama.cpp or ONNX Runtime",
    "card": "write the cards of texts, shards and checkpoints: README.md, croissant.json",
    "recipes": "list, show, compare and write recipes",
    "ablate": "change a recipe in one thing, and tell what that does to documents and scores",
    "tune": "choose settings of a recipe by the loss on held-out text",
    "compare": "tell whether the scores of two recipes or checkpoints differ",
    "forget": "take a host, page or document out of a lake and of whatever was made of it",
    "collect": "delete the datasets that no recipe needs any more",
    "generate": "continue prompts with a trained model",
    "chat": "continue or answer what you type with a trained model, line by line",
    "fill-mask": "show the likeliest tokens at hidden places of a text, by a masked model",
    "classify": "label texts with a fine-tuned model",
    "tag": "tag the words of texts with a fine-tuned model",
    "answer": "find the answer to questions in a text with a fine-tuned model",
    "translate": "translate texts with a fine-tuned model",
    "summarize": "summarize texts with a fine-tuned model",
    "baseline": "describe held-out texts as a model reads them, for `serve` to compare prompts with",
    "serve": "answer programs over HTTP with a trained model, as OpenAI's interface does",
    "view": "show a lake's documents as a web page on this machine, with marks of your own",
    "labels": "tell how far the rules of recipes agree with your marks",
    "ui": "show a lake's assets and history in Dagster's web interface",
}
EPILOG = "`headwater COMMAND --help` shows the options of a command."


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0, 1 for an error, 130 for Ctrl-C. Raises SystemExit after --help,
    --version (0) and for arguments that cannot be (2)."""
    verbose = False
    try:
        args = _parse(list(sys.argv[1:] if argv is None else argv))
        if args is None:
            return 0
        verbose = args.verbose
        logs.configure(quiet=args.quiet, verbose=verbose)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # pages are in any script, whatever the locale
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        status: int = args.command.run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        interrupts.announce()
        return interrupts.EXIT_STATUS
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        if verbose:
            raise
        _print_error(error)
        return 1


def _print_error(error: Exception) -> None:
    from headwater.terminal import printable

    print(f"error: {printable(str(error) or repr(error))}", file=sys.stderr)  # it may quote what a file holds


def _parse(words: list[str]) -> argparse.Namespace | None:
    """The arguments, with the command's module as `command`; None where there are none, and help was printed."""
    name = _command_in(words)
    parser = _build_parser(name)
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    if not words:
        parser.print_help()
        return None
    if name is None and (unknown := next((word for word in words if not word.startswith("-")), None)):
        parser.error(f"there is no command {unknown}{nearest(unknown, COMMANDS)}; commands: {', '.join(COMMANDS)}")
    if name is None:
        parser.check_options(words)
    return parser.parse_args(words)


def _command_in(words: Sequence[str]) -> str | None:
    """The command among the words of a command line, also of one that the shell wants to complete."""
    line = os.environ.get("COMP_LINE", "").split()[1:] if "_ARGCOMPLETE" in os.environ else words
    first = next((word for word in line if not word.startswith("-")), None)
    return first if first in COMMANDS else None


def _build_parser(name: str | None) -> Parser:
    """The parser, with the arguments of one command alone: those of others would have to be imported."""
    parser = Parser(prog="headwater", description="From a web crawl to a benchmark score.", epilog=EPILOG)
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_CommandParser)
    for command, text in COMMANDS.items():
        added = commands.add_parser(command, help=text, description=text)
        if command == name:
            module = import_module(f"headwater.commands.{command.replace('-', '_')}")
            added.description = getattr(module, "DESCRIPTION", f"{text[0].upper()}{text[1:]}.")
            module.add_arguments(added)
            for one in _with_verbs(added):
                add_output(one)
            added.set_defaults(command=module)
    return parser


def _with_verbs(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of a command's verbs, which have the options; of a command without verbs its own."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [verb for group in groups for verb in group.choices.values()] or [parser]


class _CommandParser(Parser):
    """Of one command or verb: an unknown option is reported first."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if _with_verbs(self) == [self]:
            self.check_options(args or [])
        return super().parse_known_args(args, namespace)


class _PrintVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import headwater

        print(f"headwater {headwater.__version__}")
        parser.exit()


if __name__ == "__main__":
    from headwater.entry import main as run_process

    run_process()
