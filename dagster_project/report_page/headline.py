"""Headline: what model it is, how good, beside which baseline, from how many pages, in a few words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, kw_only=True)
class Tile:
    name: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Headline:
    title: str
    score: str | None
    tiles: Sequence[Tile]


def make_headline(found: Mapping[str, Any]) -> Headline:
    read = f"{found['pages']:,} pages" + (f" and {found['texts']:,} texts" if found["texts"] else "")
    if found["texts"] and not found["pages"]:
        read = f"{found['texts']:,} texts"
    size = shorten(found["model"]["parameters"])
    scored = [(task, result) for task, result in found["scores"].items() if result["score"]]
    return Headline(
        title=f"A model of {size} parameters, from {read}",
        score=_say_score(*scored[0]) if scored else None,
        tiles=list(_tiles(found, size)),
    )


def _say_score(task: str, result: Mapping[str, Any]) -> str:
    score, beside = result["score"], result["beside"]
    others = [f"{name} {one['value']:.3f}" for name, one in sorted(beside.items())]
    others += [f"guessing {result['chance']:.3f}"] if result["chance"] is not None else []
    better = "higher" if result["higher_is_better"] else "lower"
    interval = f"95 % interval {score['low']:.3f} to {score['high']:.3f}"
    said = f"It scores {score['value']:.3f} in {task} ({interval}; {better} is better)."
    return f"{said} Beside it: {', '.join(others)}." if others else said


def _tiles(found: Mapping[str, Any], size: str) -> list[Tile]:
    tiles = []
    for task, result in list(found["scores"].items())[:3]:
        if result["score"]:
            beside = [f"{name} {one['value']:.2f}" for name, one in result["beside"].items()]
            beside += [f"chance {result['chance']:.2f}"] if result["chance"] is not None else []
            score = result["score"]
            note = f"{score['low']:.2f} to {score['high']:.2f}" + "".join(f"; {one}" for one in beside)
            tiles.append(Tile(name=task, value=f"{score['value']:.2f}", note=note))
    kept = f"{found['train_documents']:,} documents of {found['records']:,} records"
    tiles.append(Tile(name="training tokens", value=shorten(found["train_tokens"]), note=kept))
    shape = f"{found['model']['layers']} layers of width {found['model']['width']}"
    tiles.append(Tile(name="parameters", value=size, note=f"{shape}, context {found['model']['context']}"))
    read = found["training"].get("tokens", 0)
    times = f"{read / found['train_tokens']:.2f} times the training tokens" if found["train_tokens"] else ""
    tiles.append(Tile(name="tokens read", value=shorten(read), note=f"{found['training']['step']:,} steps, {times}"))
    return tiles


def shorten(number: float) -> str:
    """Three digits and a unit: 2.56M."""
    for unit, letter in UNITS:
        if number >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:,.3g}"
