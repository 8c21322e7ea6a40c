"""Logs: a JSON object a line on stderr. Nothing of a prompt or an answer is in it, nor what an error says of one."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

LOGGER = logging.getLogger("headwater.serve")
FIELDS = "fields"  # of a record: what its line has besides time, level and event


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            line |= _describe_error(record.exc_info[1])
        return json.dumps(line | getattr(record, FIELDS, {}))


def configure_logs() -> None:
    """Of this module and of uvicorn, whatever the rest of the process logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger in (LOGGER, logging.getLogger("uvicorn")):
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True  # its lines have what was asked for behind a `?`


def log_event(event: str, **values: Any) -> None:
    LOGGER.info(event, extra={FIELDS: values})


def log_fault(where: str, error: BaseException) -> None:
    LOGGER.error("fault", extra={FIELDS: {"where": where, **_describe_error(error)}})


def _describe_error(error: BaseException) -> dict[str, Any]:
    """Its kind and place. Its message may quote what was asked."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "places": places[-8:]}
