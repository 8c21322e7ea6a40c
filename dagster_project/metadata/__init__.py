"""Metadata: datasets in, what a materialization shows out: tables, figures, the report's sections."""
