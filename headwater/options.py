"""Options: what several commands share, and a parser that names the nearest option for a mistyped one.

Imports nothing heavy: help texts and mistyped arguments are answered at once.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import NoReturn

from corpus.config import nearest

DEFAULT_LAKE = ".headwater"  # as corpus.lake.store has it
OPTION = re.compile(r"--?[a-zA-Z][^ ]*$")  # not "-" for stdin, a negative number, or text that begins with a dash


class Parser(argparse.ArgumentParser):
    """Reports mistakes in plain words, with the nearest alternative and where the help is; exit status 2."""

    def error(self, message: str) -> NoReturn:
        chosen = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if chosen:
            hint = nearest(chosen[1], [choice.strip(" '") for choice in chosen[2].split(",")])
            message = f"{message}{hint}"
        self.exit(2, f"error: {message}\nusage: `{self.prog} --help` shows all options\n")

    def check_options(self, words: Sequence[str]) -> None:
        """Ends with an error where an option does not exist, before a missing argument would be complained about."""
        for word in words:
            name = word.split("=")[0]
            if word == "--":
                return
            if OPTION.match(word) and not self._matches(name):
                options = [option for option in self._option_string_actions if option.startswith("--")]
                self.error(f"there is no option {name}{nearest(name, options)}")

    def _matches(self, name: str) -> bool:
        """Whether it is an option, an unambiguous beginning of one, or short options run together."""
        if name.startswith("--"):
            return any(option.startswith(name) for option in self._option_string_actions)
        return name[:2] in self._option_string_actions


def add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print one JSON object a line in place of text")
    level = group.add_mutually_exclusive_group()
    level.add_argument("--quiet", action="store_true", help="print results and errors only, no progress and no notes")
    level.add_argument("--verbose", action="store_true", help="also print debugging messages, and tracebacks of errors")


def add_lake(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lake", default=DEFAULT_LAKE, metavar="URL", help="folder or fsspec URL of the lake (default: %(default)s)"
    )


def add_crawls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--crawl",
        action="append",
        default=[],
        metavar="PATH",
        help="as `headwater demo` takes it; repeatable (default: the recipe's)",
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe", metavar="NAME", help="recipe whose datasets to read; needed where the lake holds several recipes"
    )


CHECKPOINT = (
    "latest (the newest of the lake), checkpoint/ADDRESS of the lake, the --out folder of a training run, a "
    "checkpoint's folder, or a Hugging Face folder"
)


def add_limit(parser: argparse.ArgumentParser, what: str, default: int) -> None:
    parser.add_argument(
        "--limit", type=non_negative_int, default=default, metavar="N", help=f"{what} to show (default: {default})"
    )


def non_negative_int(text: str) -> int:
    return _int_from(text, 0)


def positive_int(text: str) -> int:
    return _int_from(text, 1)


def _int_from(text: str, minimum: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer") from None
    if value < minimum:
        raise argparse.ArgumentTypeError(f"{value} is less than {minimum}")
    return value


def add_choice(parser: argparse.ArgumentParser, option: str, choices: Sequence[str], text: str) -> None:
    """An option with a few values, of which the first is the default."""
    parser.add_argument(option, choices=choices, default=choices[0], help=f"{text} (default: {choices[0]})")
