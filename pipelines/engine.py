"""Engine: where pipelines run. The runner decides where parts are made, never what is in them."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipelines.beam import FnApiRunner, PipelineOptions, SubprocessSDKEnvironment, beam

LOCAL_RUNNERS = ("FnApiRunner", "DirectRunner")
INTERRUPTED = str(128 + signal.SIGINT)
WORKER_MODULE = "pipelines.worker"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where pipelines run. `options` are further Beam flags, such as --flink_master. No field is part of a digest.

    DirectRunner means FnApiRunner here: Beam's own tries to download another engine first and falls back silently, so
    that machines with and without a network would differ.
    """

    runner: str = "FnApiRunner"
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    options: tuple[str, ...] = ()

    @contextmanager
    def pipeline(self, parts: int) -> Iterator[beam.Pipeline]:
        """Runs what is built inside. Local workers are processes, no more than there are parts to make, and this
        process for one; what they print goes to a log, which is part of the error when the pipeline fails."""
        if self.runner not in LOCAL_RUNNERS:
            with beam.Pipeline(options=PipelineOptions([f"--runner={self.runner}", *self.options])) as pipeline:
                yield pipeline
            return
        workers = min(self.workers, parts)
        options = PipelineOptions([f"--direct_num_workers={workers}", *self.options])
        if workers <= 1:
            with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
                yield pipeline
            return
        with tempfile.TemporaryDirectory(prefix="headwater-workers-") as folder, _abort_with_a_worker(Path(folder)):
            log, died = shlex.quote(f"{folder}/log"), shlex.quote(f"{folder}/died")
            command = f"{shlex.quote(sys.executable)} -m {WORKER_MODULE} {os.getpid()} >>{log} 2>&1 || echo $? >>{died}"
            runner = FnApiRunner(default_environment=SubprocessSDKEnvironment.from_command_string(command))
            try:
                with beam.Pipeline(runner=runner, options=options) as pipeline:
                    yield pipeline
            except Exception as error:
                error.add_note("The workers printed:\n" + Path(folder, "log").read_text(errors="replace")[-20_000:])
                raise


class _WorkerEnded(BaseException):
    """Not an Exception: nothing on the way may take it for an error of its own."""


@contextmanager
def _abort_with_a_worker(folder: Path) -> Iterator[None]:
    """Beam's local runner waits for ever for a worker that a page has crashed or that the kernel has ended for want of
    memory. `died` gets a worker's exit status; then the others are ended and the wait is broken off.

    By a signal, which alone wakes a waiting lock, and not by SIGINT, which a shell's background jobs ignore. In another
    thread than the main one there are no signals, and no watch is kept.
    """
    died, over, main = folder / "died", threading.Event(), threading.main_thread()
    if threading.current_thread() is not main:
        yield
        return

    def watch() -> None:
        while not over.wait(0.5):
            if died.exists():
                for child in psutil.Process().children(recursive=True):
                    with suppress(psutil.Error):
                        if WORKER_MODULE in child.cmdline():
                            child.kill()
                assert main.ident is not None
                while not over.is_set():  # one that comes while a callback of C runs is lost
                    signal.pthread_kill(main.ident, signal.SIGUSR2)
                    over.wait(5)
                return

    def end(*_: object) -> None:
        raise _WorkerEnded

    before = signal.signal(signal.SIGUSR2, end)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except _WorkerEnded:
        status = died.read_text().split()[0]
        if status == INTERRUPTED:  # Ctrl-C reaches the workers too, and sometimes first
            raise KeyboardInterrupt from None
        raise RuntimeError(
            f"WorkerError: a worker ended with exit status {status} (137: the kernel ended it, mostly for want of "
            f"memory, 139: a library crashed); run again with --workers 1 to see where, or leave the file out"
        ) from None
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR2, before)
