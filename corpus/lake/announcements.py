"""Announcements: tells OpenLineage of each dataset that is computed, where openlineage-python is configured.

The configuration is the client's own: OPENLINEAGE_URL, OPENLINEAGE_CONFIG, OPENLINEAGE__TRANSPORT__TYPE and what else
begins so, or openlineage.yml here or in ~/.openlineage. Without any, nothing is imported. What cannot be sent is a
warning: no dataset is lost because nobody listens.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corpus.lake.manifest import Manifest
    from corpus.lake.stage import Stage
    from corpus.lake.store import Lake

log = logging.getLogger(__name__)

PREFIX, DISABLED = "OPENLINEAGE_", "OPENLINEAGE_DISABLED"
FILES = (Path("openlineage.yml"), Path("~/.openlineage/openlineage.yml"))


def is_configured() -> bool:
    if os.environ.get(DISABLED, "").lower() == "true":
        return False
    named = any(value for name, value in os.environ.items() if name.startswith(PREFIX) and name != DISABLED)
    return named or any(path.expanduser().is_file() for path in FILES)


@contextmanager
def announced(lake: Lake, stage: Stage) -> Iterator[Callable[[Manifest], None]]:
    """Announces that a stage starts to be computed, and that it fails where an error is raised within; what is yielded
    announces the dataset that it published."""
    if not is_configured():
        yield lambda published: None
        return
    try:
        from corpus.lake.openlineage_events import StageRun
    except ImportError as error:
        log.warning("OpenLineage is configured, and cannot be used (%s): pip install 'headwater[openlineage]'", error)
        yield lambda published: None
        return
    run = StageRun(lake, stage)
    _try(run.start)
    try:
        yield lambda published: _try(partial(run.complete, published))
    except BaseException as error:
        _try(partial(run.fail, error))
        raise


def _try(send: Callable[[], None]) -> None:
    try:
        send()
    except Exception as error:
        log.warning("an OpenLineage event could not be sent: %s: %s", type(error).__name__, error)
