"""Watching: the held-out losses of a training run as the trainer writes them, and its end where they are hopeless."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from dagster._core.errors import DagsterPipesExecutionError

from headwater.graph_run import Pipes
from training.run.guard import MAX_SKIPPED

SECONDS = 0.2  # between two looks
LOGGED = ("sh", "-c", 'exec "$@" >>"$0" 2>&1')  # becomes the command: the process stays the same
Report = Callable[[int, float], bool]  # (step, loss) -> whether to go on


class WatchedTrainer(Pipes):
    """Starts the trainer, and reports each held-out loss once. Where `report` says no, the trainer is ended by SIGTERM,
    as it is meant to be: it finishes its step and saves. The folder of a run that was ended, or that gave up because it
    diverged, goes: nothing of it is published. What the trainer prints is added to the file `log`."""

    def __init__(self, report: Report, log: Path) -> None:
        super().__init__()
        self._report, self._log = report, log
        self.stopped_at: int | None = None  # the step of the loss that ended it
        self.started = self.diverged = False
        self._error: BaseException | None = None

    def run(self, **arguments: Any) -> Any:
        """Raises dg.Failure where the run was ended or diverged, and what `report` raises."""
        self.started = True
        command: Sequence[str] = arguments["command"]
        out = Path(command[command.index("--out") + 1])
        metrics, over = out / "metrics.jsonl", threading.Event()
        watcher = threading.Thread(target=self._watch, args=(metrics, command, over), daemon=True)
        watcher.start()
        failure: DagsterPipesExecutionError | None = None
        try:
            result = super().run(**{**arguments, "command": [*LOGGED, str(self._log), *command]})
        except DagsterPipesExecutionError as error:
            failure = error
        finally:
            over.set()
            watcher.join()
        if self._error is not None:
            raise self._error
        if failure is None:
            return result
        self.diverged = self.diverged or (self.stopped_at is None and _was_given_up(metrics))
        if self.stopped_at is None and not self.diverged:
            raise failure
        shutil.rmtree(out)
        why = "it diverged" if self.diverged else f"stopped at step {self.stopped_at}, hopeless beside other trials"
        raise dg.Failure(why, allow_retries=False) from failure

    def _watch(self, metrics: Path, command: Sequence[str], over: threading.Event) -> None:
        latest = 0
        try:
            while True:
                last_look = over.wait(SECONDS)
                for step, loss in read_losses(metrics):
                    if step > latest and self.stopped_at is None:
                        latest = step
                        if not self._report(step, loss):
                            self.stopped_at = step
                            _end(command)
                if last_look:
                    return
        except BaseException as error:
            self._error = error
            _end(command)


def read_losses(metrics: Path) -> Iterator[tuple[int, float]]:
    """(step, loss) of each held-out loss after the first step; a line that is not whole yet is left for the next look.
    A loss that is not finite is infinite."""
    with suppress(FileNotFoundError):
        for line in metrics.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                found: Mapping[str, Any] = json.loads(line)
                if found["step"] and "heldout_loss" in found:
                    loss = found["heldout_loss"]
                    yield found["step"], float("inf") if loss is None else loss


def _was_given_up(metrics: Path) -> bool:
    """Whether the trainer ended the run because too many steps in a row could not be taken."""
    if not metrics.is_file():
        return False
    taken = [line for line in map(json.loads, metrics.read_bytes().splitlines()) if "tokens" in line]
    return len(taken) >= MAX_SKIPPED and all("skipped" in line for line in taken[-MAX_SKIPPED:])


def _end(command: Sequence[str]) -> None:
    """The process of this command that this one started, where it still runs."""
    for child in psutil.Process().children():
        with suppress(psutil.Error, ProcessLookupError):
            if child.cmdline() == list(command):
                os.kill(child.pid, signal.SIGTERM)
