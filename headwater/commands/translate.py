"""Translate: translates texts with a fine-tuned model."""

from __future__ import annotations

import argparse

from headwater.finetuned import add_model, add_texts, ask, read_texts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_texts(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    return ask(args, [{"source": text} for text in read_texts(args)], lambda _, said: str(said["text"]))
