"""Entry: where the process of the `headwater` command starts. Imports next to nothing before Ctrl-C is handled."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

from headwater import interrupts


def main() -> NoReturn:
    """Runs the command line and ends the process with its exit status."""
    interrupts.watch()
    gc.set_threshold(100_000)  # imports make many objects that stay: looking at them again and again takes a second
    try:
        from headwater.cli import main as run_command

        status = run_command()
    except BaseException:
        if interrupts.announced():
            interrupts.end_process()
        raise
    if interrupts.announced():
        interrupts.end_process()
    gc.freeze()  # or the interpreter looks for garbage in all modules as it ends
    sys.exit(status)
