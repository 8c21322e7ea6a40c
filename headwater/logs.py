"""Logs: notes, warnings and errors on stderr, as much of them as --quiet or --verbose ask for. Results go to stdout."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

OURS = ("headwater", "corpus", "pipelines", "training", "dagster_project")
VERBOSE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _StderrHandler(logging.Handler):
    """Writes to what sys.stderr is now."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def configure(*, quiet: bool, verbose: bool) -> None:
    """Headwater's own messages from INFO on, with `quiet` errors alone, with `verbose` all; of libraries warnings."""
    if quiet:
        os.environ["TQDM_DISABLE"] = "1"
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter(VERBOSE_FORMAT if verbose else "%(message)s"))
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


@contextmanager
def divert_stdout(*, quiet: bool) -> Iterator[None]:
    """What this process and its children print on stdout goes to stderr, or nowhere: stdout has results alone."""
    sys.stdout.flush()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere if quiet else sys.stderr):
        saved = os.dup(1)
        os.dup2(nowhere.fileno() if quiet else 2, 1)
        try:
            yield
        finally:
            os.dup2(saved, 1)
            os.close(saved)
