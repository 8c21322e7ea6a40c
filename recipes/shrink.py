"""Shrinking: what a recipe says of a smaller model that its own becomes."""

from __future__ import annotations

from dataclasses import dataclass, fields

from training.compress.plan import ShrinkSettings

SETTINGS = tuple(one.name for one in fields(ShrinkSettings))


@dataclass(frozen=True, kw_only=True)
class ShrinkConfig(ShrinkSettings):
    """The settings of `headwater shrink`. `distill`: further training learns the predictions of the recipe's own model
    as well."""

    name: str
    distill: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.layers or self.heads or self.prune or self.bits or self.tokens):
            raise ValueError("nothing to do: give bits, prune, heads, layers, or tokens to train further")
        if self.distill and not self.tokens:
            raise ValueError("distill learns while it trains: give tokens as well")

    @property
    def settings(self) -> ShrinkSettings:
        return ShrinkSettings(**{name: getattr(self, name) for name in SETTINGS})
