"""Card: writes the cards of texts, shards and checkpoints, where they are missing or would be others now."""

from __future__ import annotations

import argparse

from headwater.options import add_lake, add_recipe
from headwater.terminal import json_line

DESCRIPTION = (
    "Write the cards that lie beside the manifests of the stages split, shards and checkpoint: README.md as Hugging "
    "Face has it, croissant.json as Croissant 1.0. A checkpoint's has all scores and risks that the lake has of it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dataset",
        nargs="?",
        metavar="STAGE/ADDRESS",
        help="of one dataset, also by the beginning of its address; all of the recipe's without it",
    )
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the path of each card."""
    from corpus.cards.writing import write_cards
    from headwater.cards import find_described
    from headwater.lakes import existing_lake, open_lake
    from recipes.recorded import changed_settings

    opens_all = args.dataset is not None and args.recipe is None
    lake = existing_lake(args.lake) if opens_all else open_lake(args.lake, args.recipe)
    for manifest in find_described(lake, args.dataset):
        for path in write_cards(lake, manifest, changed_settings):
            print(
                json_line({"stage": manifest.stage, "address": manifest.address, "path": path}) if args.json else path
            )
    return 0
