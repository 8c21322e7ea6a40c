"""Worker: Beam's local worker process, which ends when the process that started it is gone.

Beam's own waits a minute or two for an engine that was killed, and holds its output open for as long.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time

import psutil

SECONDS = 0.5


def main() -> None:
    parent = psutil.Process(int(sys.argv.pop(1)))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    runpy.run_module("apache_beam.runners.worker.sdk_worker_main", run_name="__main__")


def _end_with(parent: psutil.Process) -> None:
    while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
        time.sleep(SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
