"""Holdings: which datasets hold records that are to be forgotten, and which would come out otherwise without them.

A dataset of documents changes when it holds one of them. One of anything else (a vocabulary, tokens, a checkpoint)
changes when something changes that it was made of. What reads nothing that changes is found again, not computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow.compute as pc

from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENTS, STAGES
from corpus.lake.store import Lake
from corpus.lineage.graph import source_datasets
from corpus.lineage.removals import kinds_of_records
from corpus.optout.removals import COLUMNS, RemovalMatcher


class ForgottenRecords:
    """The records of each dataset that must go, each dataset read once."""

    def __init__(self, lake: Lake, matcher: RemovalMatcher) -> None:
        self._lake, self._matcher = lake, matcher
        self._found: dict[tuple[str, str], Mapping[str, str | None]] = {}

    def of(self, manifest: Manifest) -> Mapping[str, str | None]:
        """doc_id in hex -> URL."""
        key = manifest.stage, manifest.address
        if key not in self._found:
            self._found[key] = dict(self._read(manifest))
        return self._found[key]

    def _read(self, manifest: Manifest) -> Iterator[tuple[str, str | None]]:
        for kind in kinds_of_records(manifest):
            for table in self._lake.read(manifest, kind, COLUMNS):
                rows = table.filter(self._matcher.mask(table))
                for doc_id, url in zip(rows["doc_id"].to_pylist(), rows["url"].to_pylist(), strict=True):
                    yield doc_id.hex(), url

    def texts(self, manifest: Manifest) -> Iterator[str]:
        """Of the documents that must go, as ingest extracted them."""
        for table in self._lake.read(manifest, "documents", [*COLUMNS, "text"]):
            yield from table.filter(self._matcher.mask(table))["text"].to_pylist()


class Holdings:
    """What must go, as a lake's view sees it (corpus.lake.current.RecipeLake)."""

    def __init__(self, lake: Lake, records: ForgottenRecords) -> None:
        self._lake, self._records = lake, records
        self._reading: dict[tuple[str, str], bool] = {}

    def affected(self) -> list[Manifest]:
        """The datasets that would be computed again, upstream first."""
        order = list(STAGES)
        found = [manifest for manifest in self._lake.datasets() if self._is_affected(manifest)]
        return sorted(found, key=lambda manifest: order.index(manifest.stage))

    def emptied(self) -> list[str]:
        """The crawls of which no document would be left."""
        return [
            manifest.partition
            for manifest in self._lake.datasets(DOCUMENTS)
            if self._records.of(manifest) and self._kept(manifest) == 0
        ]

    def _kept(self, manifest: Manifest) -> int:
        gone = self._records.of(manifest)
        tables = self._lake.read(manifest, "documents", ["doc_id"])
        return sum(doc_id.hex() not in gone for table in tables for doc_id in pc.unique(table["doc_id"]).to_pylist())

    def _is_affected(self, manifest: Manifest) -> bool:
        return bool(self._records.of(manifest)) or self._reads_changed(manifest)

    def _changes(self, manifest: Manifest) -> bool:
        if STAGES[manifest.stage].documents_in:
            return bool(self._records.of(manifest))
        return self._reads_changed(manifest)

    def _reads_changed(self, manifest: Manifest) -> bool:
        key = manifest.stage, manifest.address
        if key not in self._reading:
            sources = source_datasets(self._lake, manifest).values()
            self._reading[key] = any(self._changes(source) for source in sources)
        return self._reading[key]
