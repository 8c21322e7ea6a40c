"""Stage: what is to be computed, its address, and the one way in which a dataset of any stage comes to be.

`publish_once`: address -> published? -> lock -> make -> manifest. How a stage is computed is its own affair.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from corpus.lake import parquet
from corpus.lake.announcements import announced
from corpus.lake.manifest import Counts, FileEntry, Manifest, address
from corpus.lake.stages import kinds_read
from corpus.lake.store import Lake


@dataclass(frozen=True, kw_only=True)
class Stage:
    """All that decides a dataset's bytes. `version` rises when the code's output changes; `libraries` are those whose
    versions decide it too. `datasets` are what it reads, of which the content counts that the stage graph declares;
    `files`: what it reads from elsewhere, by name, with digests. Raises ValueError for a dataset that it should not
    read."""

    name: str
    partition: str
    version: int
    config: Any
    datasets: Sequence[Manifest] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def code_version(self) -> str:
        python = ".".join(platform.python_version_tuple()[:2])
        libraries = {"python": python, "pyarrow": pa.__version__, "parquet": parquet.VERSION, **self.libraries}
        return " ".join([str(self.version), *(f"{name}={number}" for name, number in sorted(libraries.items()))])

    @cached_property
    def config_values(self) -> dict[str, Any]:
        return json_values(asdict(self.config)) if self.config is not None else {}

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Name -> digest of everything that it reads."""
        contents = {dataset.name: dataset.content(kinds_read(self.name, dataset.stage)) for dataset in self.datasets}
        return {**self.files, **contents}

    @cached_property
    def address(self) -> str:
        return address(self.name, self.partition, self.code_version, self.config_values, self.inputs)

    @property
    def label(self) -> str:
        return f"{self.name}/{self.partition}"

    def manifest(
        self, files: Sequence[FileEntry], counts: Counts, figures: Mapping[str, Any] | None = None
    ) -> Manifest:
        """The manifest of its dataset, which has these files."""
        return Manifest(
            stage=self.name,
            partition=self.partition,
            code_version=self.code_version,
            config=self.config_values,
            inputs=self.inputs,
            sources={dataset.name: dataset.address for dataset in self.datasets},
            files=tuple(sorted(files, key=lambda entry: entry.path)),
            counts=counts,
            figures=figures or {},
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A published dataset, whether it was there already, and the seconds that it took."""

    manifest: Manifest
    reused: bool
    seconds: float


def json_values(value: Any) -> Any:
    """A configuration as JSON has it: tuples are lists, an infinite bound is none."""
    if isinstance(value, Mapping):
        return {key: json_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(item) for item in value]
    return None if value in (float("inf"), float("-inf")) else value


def publish_once(lake: Lake, stage: Stage, make: Callable[[], tuple[Manifest, dict[str, Any]]]) -> Outcome:
    """The published dataset of a stage: found, or made now by the one writer that holds its lock.

    `make` returns the manifest and what goes into the sidecar, which is in no digest.
    """
    started = time.time()
    published, reused = lake.find(stage.name, stage.address), True
    if published is None:
        with lake.lock(stage.name, stage.address):
            published = lake.find(stage.name, stage.address)  # the writer that we waited for may have published it
            if published is None:
                with announced(lake, stage) as announce:
                    manifest, sidecar = make()
                    timing = {"seconds": round(time.time() - started, 3), "started": started}
                    published, reused = lake.publish(manifest, {**timing, **sidecar}), False
                    announce(published)
    lake.record(published)
    return Outcome(manifest=published, reused=reused, seconds=time.time() - started)
