"""Writing: puts the cards of a dataset beside its manifest. They are written after it, and again whenever one is asked
for: a dataset without its cards is whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corpus.cards.croissant import DESCRIBERS, to_bytes
from corpus.cards.data_card import write_data_card
from corpus.cards.facts import Facts, Setting, find_upstream
from corpus.cards.model_card import write_model_card
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, SHARDS, SPLIT
from corpus.lake.store import Lake

README, CROISSANT = "README.md", "croissant.json"
CARDS = {SPLIT: (README, CROISSANT), SHARDS: (CROISSANT,), CHECKPOINT: (README,)}  # of each stage that has any


def write_cards(
    lake: Lake, manifest: Manifest, find_settings: Callable[[Sequence[Manifest]], Sequence[Setting]]
) -> list[str]:
    """Writes the cards of a dataset that are not there or would be others now. Returns the paths of all of them, none
    for a stage without cards. `find_settings`: of manifests, what differs from the recipe `base`."""
    if manifest.stage not in CARDS:
        return []
    upstream, gone = find_upstream(lake, manifest)
    settings = find_settings([*upstream, manifest])
    facts = Facts(manifest=manifest, upstream=upstream, gone=gone, settings=tuple(settings))
    paths = []
    for name in CARDS[manifest.stage]:
        path, data = f"{lake.folder(manifest)}/{name}", _make(lake, facts, name)
        if not lake.fs.exists(path) or lake.fs.cat_file(path) != data:
            lake.write(path, data)
        paths.append(path)
    return paths


def _make(lake: Lake, facts: Facts, name: str) -> bytes:
    if name == CROISSANT:
        return to_bytes(DESCRIBERS[facts.manifest.stage](lake, facts))
    write = write_model_card if facts.manifest.stage == CHECKPOINT else write_data_card
    return write(lake, facts).encode()
