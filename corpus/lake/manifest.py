"""Manifest: what a dataset is, in one canonical JSON file.

A dataset is a set of immutable files and a manifest that names them. It has two digests:

    content    of its files alone. What is computed from a dataset has an address that follows from its content, so a
               change that changes nothing stops there (early cutoff, as in Nix's content-addressed derivations).
    digest     of the manifest, which also says how and of what it was made.

Nothing that differs between two equal runs (time, host, absolute path, worker count) may be in either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus.lake.stages import ACCOUNTS

SCHEMA = "headwater.manifest/2"


def canonical_json(value: Any) -> bytes:
    """One JSON value has one byte string: sorted keys, no spaces, UTF-8, no NaN, a closing newline."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def address(stage: str, partition: str, code_version: str, config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Where a dataset lives: a hash of all that decides its bytes, known before it is computed."""
    key = {
        "stage": stage,
        "partition": partition,
        "code_version": code_version,
        "config": config,
        "inputs": inputs,
    }
    return sha256(canonical_json(key))[:32]


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file of a dataset. `path` is relative to the dataset; its first folder is the file's kind."""

    path: str
    bytes: int
    rows: int
    sha256: str

    @property
    def kind(self) -> str:
        return self.path.split("/", 1)[0]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Where a stage's records went. Conservation: `records_in` = kept + all dropped + all quarantined."""

    records_in: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            records_in=self.records_in + other.records_in,
            kept=self.kept + other.kept,
            dropped=_add(self.dropped, other.dropped),
            quarantined=_add(self.quarantined, other.quarantined),
        )

    @property
    def lost(self) -> int:
        """Records that nobody accounts for: 0, or the stage is wrong."""
        return self.records_in - self.kept - sum(self.dropped.values()) - sum(self.quarantined.values())


def _add(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in sorted({*left, *right})}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`inputs` maps "stage/partition" to the digest of the content that was read there, or a source file's name to the
    file's; `sources` maps "stage/partition" to the address of the dataset that it was read from, where another one of
    the same content may stand as well; `figures` holds a stage's own totals."""

    stage: str
    partition: str
    code_version: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    files: tuple[FileEntry, ...]
    counts: Counts
    sources: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return address(self.stage, self.partition, self.code_version, self.config, self.inputs)

    @property
    def digest(self) -> str:
        return sha256(self.to_bytes())

    def content(self, kinds: Collection[str] = ()) -> str:
        """The digest of its files of these kinds; by default of all but the accounts of what did not stay. A dataset
        without files of its own, as a crawl that others keep, is what its inputs are."""
        files = [asdict(file) for file in self.files if (file.kind in kinds if kinds else file.kind not in ACCOUNTS)]
        return sha256(canonical_json(files if self.files else dict(self.inputs)))

    @property
    def name(self) -> str:
        return f"{self.stage}/{self.partition}"

    @property
    def total_bytes(self) -> int:
        return sum(entry.bytes for entry in self.files)

    def of_kind(self, kind: str) -> tuple[FileEntry, ...]:
        return tuple(entry for entry in self.files if entry.kind == kind)

    def to_bytes(self) -> bytes:
        return canonical_json({"schema": SCHEMA, **asdict(self)})

    @classmethod
    def from_bytes(cls, data: bytes, *, where: str) -> Manifest:
        """Raises ValueError, naming `where`, when the bytes are not a manifest of this schema."""
        try:
            value = json.loads(data)
            schema = value.pop("schema")
            if schema != SCHEMA:
                raise ValueError(f"it is {schema}, of another version of Headwater: take a new folder as the lake")
            value["files"] = tuple(FileEntry(**entry) for entry in value["files"])
            value["counts"] = Counts(**value["counts"])
            return cls(**value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{where} is not a {SCHEMA} manifest ({error}); it begins {data[:60]!r}") from error
