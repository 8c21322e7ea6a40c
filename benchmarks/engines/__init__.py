"""Engines: the same stages on this machine's runner, on Flink and on Spark."""
