"""Risks: what a recipe says of the risks that are measured of its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.lake.store import file_sha256

FILES = ("bias", "bad_words", "canaries")


@dataclass(frozen=True, kw_only=True)
class RiskConfig:
    """`texts`: how many training and held-out texts are read, of each. `bias`, `bad_words`, `canaries`: as
    `headwater risks` takes them, on this machine; None leaves that risk out. `language`: of the texts."""

    texts: int = 200
    bias: str | None = None
    bad_words: str | None = None
    language: str = "en"
    canaries: str | None = None

    def __post_init__(self) -> None:
        if self.texts < 1:
            raise ValueError(f"texts {self.texts}: at least 1 is needed")

    def digests(self) -> dict[str, str]:
        """Of every file that is read, by name. Raises FileNotFoundError where one is not there."""
        found = dict[str, str]()
        for name in FILES:
            if (given := getattr(self, name)) is not None:
                path = Path(given)
                files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
                if not files or not files[0].is_file():
                    raise FileNotFoundError(f"risks.{name} = {given}: there is no such file, or folder of files")
                found |= {f"{name}/{one.relative_to(path)}": file_sha256(one) for one in files}
        return found

    def flags(self) -> Iterator[str]:
        """Of training/risks/measuring.py."""
        yield from ("--language", self.language)
        for name in FILES:
            if (given := getattr(self, name)) is not None:
                yield from (f"--{name.replace('_', '-')}", given)
