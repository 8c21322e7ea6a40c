"""Beam, imported without its warnings that Google's clients are not installed."""

# ruff: noqa: E402
import logging

logging.disable(logging.WARNING)
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

logging.disable(logging.NOTSET)

__all__ = ["FnApiRunner", "PipelineOptions", "beam"]
