"""What every asset says of itself: its code and version, columns, owners, inputs and how their partitions meet."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from corpus.lake.stages import STAGES
from dagster_project.definitions import defs
from dagster_project.lineage import WITHIN_OTHERS
from pipelines import cleaning

GRAPH = defs.resolve_asset_graph()
SPECS = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
TABLES = ("documents", "clean", "trimmed", "unique", "contamination", "split", "tokens", "benchmark")


def test_every_stage_is_an_asset_or_made_within_one() -> None:
    stages = {spec.tags["stage"] for spec in SPECS.values()}
    assert set(STAGES) - set(WITHIN_OTHERS) == stages - {"recipe", "report", "model_card", "tuning_study"}


@pytest.mark.parametrize("name", sorted(SPECS))
def test_it_has_an_owner_kinds_a_description_a_version_and_its_code(name: str) -> None:
    spec = SPECS[name]
    assert spec.owners and spec.kinds and spec.description and spec.code_version and spec.group_name != "default"
    references = spec.metadata["dagster/code_references"].code_references
    for reference in references:
        line = Path(reference.file_path).read_text().splitlines()[reference.line_number - 1]
        assert line.lstrip().startswith(("@stage_asset", "def ")), (name, reference)
    for check in GRAPH.get_check_keys_for_assets({spec.key}):
        assert GRAPH.get(check).description


def test_versions_are_those_of_the_stages() -> None:
    assert SPECS["clean"].code_version == str(cleaning.VERSION)
    references = SPECS["clean"].metadata["dagster/code_references"].code_references
    assert [reference.label for reference in references] == [
        "dagster_project.assets.document_stages.clean",
        "pipelines.cleaning.clean",
    ]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_columns_and_says_where_they_come_from(name: str) -> None:
    schema = SPECS[name].metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert not columns.get("doc_id", schema.columns[0]).constraints.nullable
    lineage = SPECS[name].metadata.get("dagster/column_lineage")
    if lineage is None:
        assert name in ("documents", "benchmark")
        return
    for column, deps in lineage.deps_by_column.items():
        assert column in columns
        for dep in deps:
            read = SPECS[dep.asset_key.to_user_string()].metadata["dagster/column_schema"]
            assert dep.column_name in {one.name for one in read.columns}
            assert dep.asset_key in GRAPH.get(SPECS[name].key).parent_keys


@pytest.mark.parametrize(
    ("asset", "upstream", "partition", "read"),
    [
        ("documents", "crawl", {"crawl": "/one", "recipe": "base"}, {"/one"}),
        ("documents", "recipe", {"crawl": "/one", "recipe": "base"}, {"base"}),
        ("clean", "documents", {"crawl": "/one", "recipe": "base"}, {"/one|base"}),
        ("unique", "trimmed", "base", {"/one|base", "/two|base"}),
        ("contamination", "benchmark", "base", {"copa", "piqa"}),
        ("benchmark_score", "checkpoint", {"benchmark": "copa", "recipe": "wide"}, {"wide"}),
        ("benchmark_score", "benchmark", {"benchmark": "copa", "recipe": "wide"}, {"copa"}),
        ("report", "crawl", "base", {"/one", "/two"}),
    ],
)
def test_partitions_are_made_of_those_that_they_read(
    asset: str, upstream: str, partition: str | dict[str, str], read: set[str]
) -> None:
    key = dg.MultiPartitionKey(partition) if isinstance(partition, dict) else partition
    spec = SPECS[asset]
    [dep] = [dep for dep in spec.deps if dep.asset_key == dg.AssetKey(upstream)]
    mine, theirs = spec.partitions_def, SPECS[upstream].partitions_def
    assert mine is not None and theirs is not None and dep.partition_mapping is not None
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("crawls", ["/one", "/two"])
        instance.add_dynamic_partitions("recipes", ["base", "wide"])
        instance.add_dynamic_partitions("benchmarks", ["copa", "piqa"])
        found = dep.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
            mine.empty_subset().with_partition_keys([key]), mine, theirs, dynamic_partitions_store=instance
        )
        assert {str(one) for one in found.partitions_subset.get_partition_keys()} == read
