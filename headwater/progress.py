"""Progress: on a terminal, one line that says which stage is at work, on what, and for how long."""

from __future__ import annotations

import sys
import threading
import time

ACTIVITIES = {
    "benchmarks": "reading the items of a benchmark",
    "crawl": "fetching pages",
    "documents": "extracting the main text of every page",
    "clean": "measuring texts and applying the quality rules",
    "trimmed": "cutting out text that documents share",
    "signatures": "hashing texts for the search of near-duplicates",
    "unique": "removing duplicates",
    "contamination": "searching documents for benchmark items",
    "split": "holding out pages for evaluation",
    "items": "making questions of the held-out pages",
    "tokenizer": "learning the vocabulary",
    "tokens": "encoding the documents",
    "shards": "writing the training files",
    "checkpoint": "training the model",
    "scores": "scoring the model",
    "learning_curve": "scoring the checkpoints along the run",
    "finetuned": "fine-tuning the model for tasks",
    "risks": "measuring what the model may do wrong",
    "shrunk": "making the model small",
    "model_card": "writing the model card",
    "report": "writing the report",
}
OWN_LINE = ("crawl", "checkpoint")  # they draw a bar, or a line with the time that is left, themselves
CLEAR = "\r\x1b[K"


class Progress:
    """A line on standard error, renewed every second; nothing where that is no terminal. Use as a context."""

    def __init__(self, enabled: bool = True) -> None:
        self._terminal = enabled and sys.stderr.isatty()
        self._lock = threading.Lock()
        self._stage: str | None = None
        self._started = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> Progress:
        if self._terminal:
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.finish()

    def start(self, stage: str) -> None:
        """`stage`: an asset's name, such as documents or scores/last_word."""
        with self._lock:
            self._stage, self._started = stage, time.monotonic()
            self._draw()

    def finish(self) -> None:
        """Clears the line, so that another may be printed."""
        with self._lock:
            if self._terminal and self._stage is not None:
                print(CLEAR, end="", file=sys.stderr, flush=True)
            self._stage = None

    def _renew(self) -> None:
        while not self._stop.wait(1.0):
            with self._lock:
                if self._stage is not None and self._stage not in OWN_LINE:
                    self._draw()

    def _draw(self) -> None:
        if self._terminal and self._stage is not None:
            activity = ACTIVITIES.get(self._stage.partition("/")[0], "at work")
            seconds = time.monotonic() - self._started
            print(f"{CLEAR}{self._stage:22} {activity}, {seconds:.0f} s", end="", file=sys.stderr, flush=True)
