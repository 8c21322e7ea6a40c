"""Processor time: what a process and all below it have used, also while they still run."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.processor_time import processor_time

BUSY = """
import subprocess, sys, time
if sys.argv[1] == "0":
    while time.process_time() < 0.5:
        pass
    print(flush=True)
    sys.stdin.read()
else:
    subprocess.run([sys.executable, "-c", sys.argv[2], "0", ""])
"""


def test_what_a_running_grandchild_has_used_counts_once() -> None:
    before = processor_time()
    command = [sys.executable, "-c", BUSY, "1", BUSY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        running = processor_time() - before
        process.stdin.close()
        process.wait()
    ended = processor_time() - before
    assert running >= 0.45
    assert running <= ended < 2 * running
