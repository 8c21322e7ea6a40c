"""OpenLineage events: the run of a stage as openlineage-python has it, with the datasets that it read and made.

    job        namespace: the lake; name: stage/partition
    dataset    namespace: the lake; name: stage/partition; version: the digest of its content
    fields     of a kind of file, as `documents.url`: a dataset has files of several kinds, each with a schema

Source: the OpenLineage specification (openlineage.io/docs/spec) and its facets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import attr
import pyarrow as pa
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    column_lineage_dataset,
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    processing_engine_run,
    schema_dataset,
)
from openlineage.client.uuid import generate_new_uuid

from corpus.lake.manifest import Manifest
from corpus.lake.parquet import read_schema
from corpus.lake.stage import Stage
from corpus.lake.stages import ACCOUNTS, CLEAN, CRAWL, DOCUMENTS, STAGES, TRIMMED, kinds_read
from corpus.lake.store import Lake

PRODUCER = f"urn:headwater:{version('headwater')}"
MESSAGE = 1_000  # characters of an error
# (stage, column) -> whether it is masked: columns of documents that a stage passes on changed.
CHANGED = {(CLEAN, "title"): True, (CLEAN, "text"): True, (TRIMMED, "text"): False}

Columns = dict[str, pa.Schema]  # of a kind of file


@attr.define
class CountsDatasetFacet(DatasetFacet):
    """Where a stage's records went: records_in = kept + all dropped + all quarantined."""

    records_in: int
    kept: int
    dropped: dict[str, int]
    quarantined: dict[str, int]

    @staticmethod
    def _get_schema() -> str:
        return f"{PRODUCER}#/counts"


@cache
def client() -> OpenLineageClient:
    """By its own configuration, which is read once a process."""
    return OpenLineageClient()


class StageRun:
    """The events of one computation."""

    def __init__(self, lake: Lake, stage: Stage) -> None:
        self.lake, self.stage = lake, stage
        self.namespace = f"file://{lake.root}" if lake.local else lake.url
        self.run_id = str(generate_new_uuid())

    def start(self) -> None:
        self._emit(RunState.START)

    def complete(self, published: Manifest) -> None:
        self._emit(RunState.COMPLETE, outputs=[self._output(published)])

    def fail(self, error: BaseException) -> None:
        """ABORT where somebody ended it."""
        said = error_message_run.ErrorMessageRunFacet(
            message=f"{type(error).__name__}: {error}"[:MESSAGE], programmingLanguage="Python"
        )
        state = RunState.FAIL if isinstance(error, Exception) else RunState.ABORT
        self._emit(state, facets={"errorMessage": said})

    def _emit(
        self, state: RunState, outputs: list[OutputDataset] | None = None, facets: dict[str, Any] | None = None
    ) -> None:
        name = f"{self.stage.name}/{self.stage.partition}"
        engine = processing_engine_run.ProcessingEngineRunFacet(version=version("headwater"), name="headwater")
        kind = job_type_job.JobTypeJobFacet(processingType="BATCH", integration="HEADWATER", jobType="STAGE")
        event = RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            eventType=state,
            run=Run(runId=self.run_id, facets={"processing_engine": engine, **(facets or {})}),
            job=Job(namespace=self.namespace, name=name, facets={"jobType": kind}),
            producer=PRODUCER,
            inputs=self._inputs(),
            outputs=outputs if outputs is not None else [OutputDataset(namespace=self.namespace, name=name)],
        )
        client().emit(event)

    def _inputs(self) -> list[InputDataset]:
        """The datasets that it reads, and the files from elsewhere as one: for documents these are the crawl's."""
        found = [self._input(dataset) for dataset in self.stage.datasets]
        if self.stage.files:
            upstream = CRAWL if self.stage.name == DOCUMENTS else f"files/{self.stage.name}"
            found.append(InputDataset(namespace=self.namespace, name=f"{upstream}/{self.stage.partition}"))
        return found

    def _input(self, manifest: Manifest) -> InputDataset:
        kinds = kinds_read(self.stage.name, manifest.stage)
        entries = [entry for entry in manifest.files if entry.kind in (kinds or _kinds(manifest))]
        quality = data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
            columnMetrics={},
            rowCount=sum(entry.rows for entry in entries),
            bytes=sum(entry.bytes for entry in entries),
            fileCount=len(entries),
        )
        return InputDataset(
            namespace=self.namespace,
            name=manifest.name,
            facets=self._facets(manifest, manifest.content(kinds), kinds),
            inputFacets={"dataQualityMetrics": quality},
        )

    def _output(self, manifest: Manifest) -> OutputDataset:
        counts, facets = manifest.counts, self._facets(manifest, manifest.content())
        facets["headwater_counts"] = CountsDatasetFacet(
            records_in=counts.records_in,
            kept=counts.kept,
            dropped=dict(counts.dropped),
            quarantined=dict(counts.quarantined),
        )
        if (fields := dict(self._column_lineage(manifest))) != {}:
            facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)
        size = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=sum(entry.rows for entry in manifest.files if entry.kind not in ACCOUNTS),
            size=manifest.total_bytes,
            fileCount=len(manifest.files),
        )
        return OutputDataset(
            namespace=self.namespace, name=manifest.name, facets=facets, outputFacets={"outputStatistics": size}
        )

    def _facets(self, manifest: Manifest, content: str, kinds: Collection[str] = ()) -> dict[str, Any]:
        fields = [
            schema_dataset.SchemaDatasetFacetFields(name=kind, type="struct", fields=_fields(schema))
            for kind, schema in self._columns(manifest, kinds).items()
        ]
        return {
            "version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=content),
            **({"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}),
        }

    def _columns(self, manifest: Manifest, kinds: Collection[str] = ()) -> Columns:
        """Of the kinds that are Parquet files, by the first file of each."""
        found: Columns = {}
        wanted = kinds or _kinds(manifest)
        for entry in manifest.files:
            if entry.kind in wanted and entry.kind not in found and entry.path.endswith(".parquet"):
                found[entry.kind] = read_schema(self.lake.fs, f"{self.lake.folder(manifest)}/{entry.path}")
        return found

    def _column_lineage(self, manifest: Manifest) -> Iterator[tuple[str, column_lineage_dataset.Fields]]:
        """Of a stage that keeps documents or drops them: each column of what it kept is the column of that name in what
        it read them from, or in what else it read."""
        stage = STAGES[self.stage.name]
        sources = sorted(self.stage.datasets, key=lambda one: one.stage not in stage.documents_from)
        if not stage.documents_from:
            return
        read = [(one, self._columns(one, kinds_read(stage.name, one.stage))) for one in sources]
        for kind, schema in self._columns(manifest, stage.documents_in).items():
            for column in schema.names:
                first = next(((one, where) for one, known in read if (where := _holder(known, column))), None)
                if first is None:
                    continue
                source = first[0].stage
                others = [one for one, known in read if one.stage == source and _holder(known, column)]
                how = column_lineage_dataset.Transformation(
                    type="DIRECT",
                    subtype="TRANSFORMATION" if (stage.name, column) in CHANGED else "IDENTITY",
                    masking=CHANGED.get((stage.name, column), False),
                )
                yield (
                    f"{kind}.{column}",
                    column_lineage_dataset.Fields(
                        inputFields=[
                            column_lineage_dataset.InputField(
                                namespace=self.namespace,
                                name=one.name,
                                field=f"{first[1]}.{column}",
                                transformations=[how],
                            )
                            for one in others
                        ]
                    ),
                )


def _kinds(manifest: Manifest) -> set[str]:
    return {entry.kind for entry in manifest.files}


def _holder(columns: Columns, column: str) -> str | None:
    """The kind of file that has a column of that name."""
    return next((kind for kind, schema in columns.items() if column in schema.names), None)


def _fields(schema: pa.Schema) -> list[schema_dataset.SchemaDatasetFacetFields]:
    return [schema_dataset.SchemaDatasetFacetFields(name=field.name, type=str(field.type)) for field in schema]
