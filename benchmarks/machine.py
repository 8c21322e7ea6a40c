"""Machine: what a benchmark ran on, and how busy that was."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    load = os.getloadavg()[0]
    return {"cores": os.cpu_count(), "model": model, "python": platform.python_version(), "load_before": load}


def describe(host: Mapping[str, Any]) -> str:
    """`host`: what `machine` said before, and the load after."""
    return (
        f"Machine: {host['cores']} cores, {host['model']}, Python {host['python']}; load {host['load_before']:.1f} "
        f"before, {host['load_after']:.1f} after. "
    )


def describe_others(host: Mapping[str, Any]) -> str:
    """What makes times by the clock doubtful, where it does."""
    return "Other programs had the cores as well. " if host["load_before"] > 1 else ""
