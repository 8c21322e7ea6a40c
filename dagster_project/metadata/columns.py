"""Columns: an Arrow schema as Dagster shows it, and which columns of an asset come from which of the one it reads."""

from __future__ import annotations

import dagster as dg
import pyarrow as pa

from corpus.cards.columns import DESCRIPTIONS

TEXT = "text"


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    return dg.TableSchema(columns=[_column(field) for field in schema])


def _column(field: pa.Field) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=field.nullable)
    about = DESCRIPTIONS.get(field.name)
    return dg.TableColumn(name=field.name, type=str(field.type), description=about, constraints=constraints)


def column_lineage(schema: pa.Schema, upstream: str, read: pa.Schema) -> dg.TableColumnLineage:
    """Columns that the upstream asset has too are its own; what is new was made of its text."""
    key = dg.AssetKey(upstream)
    names = {name: name if name in read.names else TEXT for name in schema.names}
    return dg.TableColumnLineage(
        {name: [dg.TableColumnDep(asset_key=key, column_name=source)] for name, source in names.items()}
    )
