"""Tag: tags the words of texts with a fine-tuned model."""

from __future__ import annotations

import argparse
from typing import Any

from headwater.finetuned import add_model, add_texts, ask, read_texts

DESCRIPTION = "Print each word with its tag, a word a line and an empty line after a text, as files of CoNLL have it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_texts(parser)
    add_model(parser)


def run(args: argparse.Namespace) -> int:
    from training.finetuning.tagging import split_words

    return ask(args, [{"tokens": split_words(text)} for text in read_texts(args)], _show)


def _show(example: dict[str, Any], said: dict[str, Any]) -> str:
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(said["tokens"], said["tags"], strict=True))
