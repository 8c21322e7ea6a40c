"""Risks: what a recipe says of the risks that are measured of its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus.lake.store import file_sha256
from training.evaluation.catalog import TASKS
from training.evaluation.items import list_files
from training.risks.flags import ITEMS

FILES = ("bias", "bad_words", "toxic_examples", "canaries")


@dataclass(frozen=True, kw_only=True)
class RiskConfig:
    """`texts`: how many training and held-out texts are read, of each. `benchmarks`: the data of tasks of the catalog,
    by their names, and `items`: how many of each are asked. `bias`, `bad_words`, `toxic_examples`, `canaries`: as
    `headwater risks` takes them, on this machine; None leaves that risk out. `language`: of the texts."""

    texts: int = 200
    benchmarks: Mapping[str, str] = field(default_factory=dict)
    items: int = ITEMS
    bias: str | None = None
    bad_words: str | None = None
    toxic_examples: str | None = None
    language: str = "en"
    canaries: str | None = None

    def __post_init__(self) -> None:
        for name, count in (("texts", self.texts), ("items", self.items)):
            if count < 1:
                raise ValueError(f"{name} {count}: at least 1 is needed")
        if unknown := sorted(set(self.benchmarks) - set(TASKS)):
            raise ValueError(f"benchmarks.{unknown[0]}: no such task; there are {', '.join(TASKS)}")

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
        for name, given in self.benchmarks.items():
            for file, path in list_files(TASKS[name], Path(given)).items():
                found[f"benchmarks/{name}/{file}"] = file_sha256(path)
        return found

    def flags(self) -> Iterator[str]:
        """Of training/risks/measuring.py."""
        yield from ("--language", self.language, "--items", str(self.items))
        for name, path in self.benchmarks.items():
            yield from ("--benchmark", f"{name}={path}")
        for name in FILES:
            if (given := getattr(self, name)) is not None:
                yield from (f"--{name.replace('_', '-')}", given)
