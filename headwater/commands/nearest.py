"""Nearest: the words whose vectors are nearest to a word's, or to what is left of it and others."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from headwater.options import positive_int
from headwater.terminal import json_line, printable

DESCRIPTION = (
    "Print the words whose vectors are nearest to that of each WORD. With --minus and --plus it is moved first: "
    "`headwater nearest king --minus man --plus woman` asks what is to woman as king is to man."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="WORD", help="word whose neighbours to print")
    parser.add_argument(
        "--vectors",
        required=True,
        metavar="PATH",
        help="folder that `headwater vectors` wrote, or a file in word2vec's text format",
    )
    for option, text in (("--minus", "take the vector of this word away"), ("--plus", "add the vector of this word")):
        parser.add_argument(option, action="append", default=[], metavar="WORD", help=f"{text}; repeatable")
    parser.add_argument(
        "--count", type=positive_int, default=10, metavar="N", help="neighbours to print (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """With --json an object for each WORD."""
    from headwater.model_actions import nearest

    moved = "".join([*(f" - {word}" for word in args.minus), *(f" + {word}" for word in args.plus)])
    found = nearest(args.words, args.vectors, plus=args.plus, minus=args.minus, count=args.count)
    for word, neighbours in found.items():
        if args.json:
            said = {"word": word, "minus": args.minus, "plus": args.plus}
            print(json_line(said | {"nearest": [asdict(neighbour) for neighbour in neighbours]}))
            continue
        print(printable(f"{word}{moved}"))
        for neighbour in neighbours:
            print(printable(f"    {neighbour.similarity:6.3f}  {neighbour.word}"))
    return 0
