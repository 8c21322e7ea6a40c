"""Beam, imported without its warnings that Google's clients are not installed, and quiet about the Java services that
it starts."""

# ruff: noqa: E402
import logging

before = logging.root.manager.disable
logging.disable(logging.WARNING)
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

logging.disable(before)
logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)

__all__ = ["FnApiRunner", "PipelineOptions", "beam"]
