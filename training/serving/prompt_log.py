"""Prompt log: what was asked and answered, a JSON object a line, for those who have asked for that.

It holds whatever people have typed: nobody but the owner of the file can read it, and it does not grow for ever.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.serving.logs import log_event, log_fault

OWNER_ALONE = 0o600


class PromptLog:
    """Appends to a file. Called from one thread."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Raises ValueError for a file that others can read or that is none, OSError where it cannot be written."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ALONE)
        found, self._max_bytes = os.fstat(self._file), max_bytes
        self._bytes = found.st_size
        self.full = False
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) & ~OWNER_ALONE:
            os.close(self._file)
            raise ValueError(f"{path} would show what people ask to others: `chmod 600` it, or give a new file")

    def write(self, asked: dict[str, Any], answers: Sequence[str]) -> None:
        """A whole line or nothing. What goes beyond `max_bytes` is not written, nor anything after it."""
        line = json.dumps({**asked, "answers": list(answers)}, ensure_ascii=False).encode() + b"\n"
        if self.full:
            return
        if self._bytes + len(line) > self._max_bytes:
            self._end("is full")
            return
        try:
            if os.write(self._file, line) < len(line):
                os.ftruncate(self._file, self._bytes)
                self._end("has no more space")
                return
        except OSError as error:
            log_fault("prompt log", error)
            self.full = True
            return
        self._bytes += len(line)

    def _end(self, why: str) -> None:
        log_event("prompt_log_ended", why=why, bytes=self._bytes)
        self.full = True
