"""Shape: how large a model is, whatever its family. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """`width`: of the vectors between the layers; `kv_heads`: heads of keys and values, which attention heads share;
    `initial_weights`: their standard deviation. A family reads what it has."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    feed_forward: int
    context: int
    initial_weights: float = 0.02
    rope_theta: float = 10_000.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How the size of a model differs from another's. What is None stays, or follows from the width: heads stay as
    wide, feed-forward layers in proportion, in steps of 64; as many heads share keys and values where that is possible;
    and initial weights shrink with the root of the width."""

    layers: int | None = None
    width: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_width: int | None = None
    feed_forward: int | None = None

    def apply(self, size: Size, context: int) -> Size:
        """Raises ValueError, naming what to give, where no whole number follows."""
        width = self.width or size.width
        head_width = self.head_width or (size.head_width if self.heads is None else _divide(width, self.heads, "heads"))
        heads = self.heads or _divide(width, head_width, "head_width")
        group = size.heads // size.kv_heads
        wider = 64 * math.ceil(width * size.feed_forward / size.width / 64)
        forward = size.feed_forward if width == size.width else wider
        return Size(
            layers=self.layers or size.layers,
            width=width,
            heads=heads,
            kv_heads=self.kv_heads or (heads // group if heads % group == 0 else heads),
            head_width=head_width,
            feed_forward=self.feed_forward or forward,
            context=context,
            initial_weights=float(f"{size.initial_weights * math.sqrt(size.width / width):.3g}"),
            rope_theta=size.rope_theta,
        )


def _divide(width: int, by: int, name: str) -> int:
    if width % by:
        raise ValueError(
            f"a width of {width} is not a multiple of {name} {by}: give a width that is, or both heads and head_width"
        )
    return width // by
