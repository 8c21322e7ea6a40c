"""Mixing: how often each training document is read, so that groups of documents have wanted shares of the tokens.

    a group's factor = its share x the total / the tokens that it has

Below 1, those of its documents stay that come first by a hash of (seed, doc_id), so that what a smaller share keeps is
part of what a larger one keeps. Above 1, every document is taken floor(factor) times, and the first ones by that order
once more. Documents are whole: a group has its share to within one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import numpy as np

from corpus.config import check_choices

COLUMNS = {"language": "language", "source": "warc_file", "host": "host"}  # of a page; its crawl is no column


@dataclass(frozen=True, kw_only=True)
class MixConfig:
    """`shares`: group -> its part of the tokens, in any unit; a group may be a shell pattern, such as books/* or * for
    all others, where no name and no longer pattern fits. What fits none is left out. `by`: what documents are grouped
    by; a source is a file of a crawl, a host that of a page's address ("" where it has none).

    `tokens`: the total, to within a document a group; None for as many as the groups have. No group is repeated more
    than `max_epochs` times: the total shrinks where none is given, and is refused where one is. Up to 4 readings of
    the same text are worth nearly as much as new text (Muennighoff et al. 2023, arXiv:2305.16264)."""

    shares: Mapping[str, float]
    by: Literal["language", "crawl", "source", "host"] = "language"
    tokens: int | None = None
    max_epochs: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_choices(self)
        wrong = {name: share for name, share in self.shares.items() if not 0 < share < math.inf}
        if wrong or not self.shares:
            raise ValueError(f"shares {wrong or dict(self.shares)}: wanted are positive numbers, one a group at least")
        if self.tokens is not None and self.tokens < 1:
            raise ValueError(f"tokens {self.tokens}: a mix has at least 1")
        if not 0 < self.max_epochs < math.inf:
            raise ValueError(f"max_epochs {self.max_epochs}: wanted is a positive number")

    def group(self, value: str) -> str | None:
        """Which group a language, crawl, source or host belongs to; None for none."""
        return _fitting(value, self.shares)


def _fitting(value: str, names: Iterable[str]) -> str | None:
    """The name itself, or else the longest pattern that fits, whatever their order."""
    fitting = [name for name in names if name == value or fnmatchcase(value, name)]
    return min(fitting, key=lambda name: (name != value, -len(name), name), default=None)


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one group has, was to have and got. `share` is of 1, None for what is left out; `copies` counts a document
    as often as it was taken, `taken_documents` once. `bound`: below it lie the hashes, as parts of 1, of those that are
    taken once more than the others."""

    name: str
    share: float | None
    documents: int
    tokens: int
    wanted_tokens: int
    taken_documents: int
    copies: int
    taken_tokens: int
    factor: float
    bound: float


@dataclass(frozen=True, kw_only=True)
class Mix:
    by: str
    seed: int
    groups: tuple[Group, ...]

    def group(self, value: str) -> str | None:
        """As `MixConfig.group`."""
        return _fitting(value, [group.name for group in self.groups if group.share is not None])


def plan_mix(
    config: MixConfig, values: Sequence[str], codes: np.ndarray, lengths: np.ndarray, hashes: np.ndarray
) -> tuple[Mix, np.ndarray]:
    """(what each group got, how often each document is taken, int64 of shape (documents,)).

    Of each document: `values[code]` is what it is grouped by, its length in tokens, its `shuffled_order`. Raises
    ValueError for a group without documents and for more tokens than `max_epochs` allows.
    """
    groups = [config.group(value) for value in values]
    copies = np.zeros(len(codes), np.int64)
    members = {name: np.isin(codes, [n for n, group in enumerate(groups) if group == name]) for name in config.shares}
    for name, mask in members.items():
        if not mask.any():
            there = ", ".join(sorted(values)) or "none"
            raise ValueError(f"no training document of the {config.by} {name!r} to mix in: there are {there}")
    available = {name: int(lengths[mask].sum()) for name, mask in members.items()}
    found = []
    for name, wanted in _wanted(config, available).items():
        mask = members[name]
        whole, rest = divmod(wanted, available[name])
        order = np.flatnonzero(mask)[np.argsort(hashes[mask], kind="stable")]
        more = int(np.searchsorted(np.cumsum(lengths[order]), rest, side="right"))
        copies[mask] = whole
        copies[order[:more]] += 1
        bound = int(hashes[order[more]]) / 2**64  # the rest is less than all of the group
        share = config.shares[name] / sum(config.shares.values())
        found.append(_group(name, share, mask, lengths, copies, wanted, bound))
    for code, value in enumerate(values):
        if groups[code] is None:
            found.append(_group(value, None, codes == code, lengths, copies, 0, 0.0))
    if not copies.any():
        raise ValueError(f"a mix of {config.tokens} tokens takes no document: each group's share is shorter than one")
    return Mix(by=config.by, seed=config.seed, groups=tuple(sorted(found, key=lambda one: one.name))), copies


def _wanted(config: MixConfig, available: Mapping[str, int]) -> dict[str, int]:
    """Group -> how many tokens it is to have."""
    whole = sum(config.shares.values())
    shares = {name: share / whole for name, share in config.shares.items()}
    most = {name: int(config.max_epochs * tokens) for name, tokens in available.items()}
    bounds = {name: int(most[name] / share) for name, share in shares.items()}
    least = min(bounds, key=lambda name: (bounds[name], name))
    if config.tokens is not None and config.tokens > bounds[least]:
        raise ValueError(
            f"a mix of {config.tokens} tokens would repeat the {config.by} {least!r}, {available[least]} tokens, "
            f"{config.tokens * shares[least] / available[least]:.3g} times; max_epochs {config.max_epochs:g} allows "
            f"a mix of {bounds[least]}"
        )
    total = config.tokens if config.tokens is not None else min(sum(available.values()), bounds[least])
    return {name: min(most[name], round(share * total)) for name, share in shares.items()}


def _group(
    name: str,
    share: float | None,
    mask: np.ndarray,
    lengths: np.ndarray,
    copies: np.ndarray,
    wanted: int,
    bound: float,
) -> Group:
    tokens = int(lengths[mask].sum())
    return Group(
        name=name,
        share=share,
        documents=int(mask.sum()),
        tokens=tokens,
        wanted_tokens=wanted,
        taken_documents=int((copies[mask] > 0).sum()),
        copies=int(copies[mask].sum()),
        taken_tokens=int((lengths[mask] * copies[mask]).sum()),
        factor=wanted / tokens,
        bound=bound,
    )


def shuffled_order(doc_ids: Sequence[bytes], seed: int) -> np.ndarray:
    """A hash of (seed, doc_id) for each document, uint64: the order in which a group's documents are taken.

    An id is a hash already, so that its first bytes and the mixing steps of SplitMix64 do (Steele et al. 2014).
    """
    state = np.frombuffer(b"".join(doc_ids), "<u8")[::2] + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def spread_copies(copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order in which documents are written: their numbers, each as often as `copies` says, and which of these are
    first copies. The copies of a document lie evenly over the whole, so that none stands near another; documents that
    are taken equally often keep their order."""
    numbers = np.repeat(np.arange(len(copies)), copies)
    copy = np.arange(len(numbers)) - np.repeat(np.cumsum(copies) - copies, copies)
    order = np.argsort((copy + numbers / max(1, len(copies))) / copies[numbers], kind="stable")
    return numbers[order], copy[order] == 0
