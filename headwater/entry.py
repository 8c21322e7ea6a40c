"""Entry: where the process of the `headwater` command starts. Imports next to nothing before Ctrl-C is handled."""

from __future__ import annotations

import sys
from typing import NoReturn

from headwater import interrupts


def main() -> NoReturn:
    """Runs the command line and ends the process with its exit status."""
    interrupts.watch()
    try:
        from headwater.cli import main as run_command

        status = run_command()
    except BaseException:
        if interrupts.announced():
            interrupts.end_process()
        raise
    if interrupts.announced():
        interrupts.end_process()
    sys.exit(status)
