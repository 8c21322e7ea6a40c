"""Journal: what a run reports, to metrics.jsonl, TensorBoard, Dagster and the terminal. Only rank 0 has one.

metrics.jsonl is part of the result: canonical lines without times, cut back to the checkpoint on resume, so that a
resumed run leaves the bytes of an uninterrupted one. The progress line, TensorBoard and Dagster also get the speed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from corpus.lake.manifest import canonical_json
from training.checkpoints.files import write_atomic
from training.run.outdir import Outdir
from training.run.throughput import Meter

INTERVAL = 10.0  # seconds between two progress lines that do not go to a terminal


class Journal:
    """Use as a context. `step` is where the run continues: what metrics.jsonl holds of later steps is removed."""

    def __init__(self, out: Outdir, step: int, steps: int, meter: Meter) -> None:
        self.steps, self.meter = steps, meter
        write_atomic(out.metrics, lines_until(out.metrics, step))
        self._stack = ExitStack()
        self._metrics = self._stack.enter_context(out.metrics.open("ab"))
        self._board = _tensorboard(out.path / "tensorboard", step)
        self._pipes = self._open_pipes()
        self._tty = sys.stderr.isatty()
        self._latest: dict[str, Any] = {}

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._board is not None:
            self._board.close()
        self._stack.__exit__(*error)

    def _open_pipes(self) -> Any:
        if "DAGSTER_PIPES_CONTEXT" not in os.environ:
            return None
        from dagster_pipes import open_dagster_pipes

        return self._stack.enter_context(open_dagster_pipes())

    def record(self, step: int, **values: Any) -> None:
        """Writes a line of metrics.jsonl; numbers and texts go to TensorBoard too."""
        self._metrics.write(canonical_json({"step": step, **values}))
        self._metrics.flush()
        self._latest |= values
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._board.add_scalar(name, value, step)
                elif isinstance(value, str):
                    self._board.add_text(name, value, step)

    def sync(self) -> None:
        """Returns once the lines so far are on disk; to be called before the checkpoint that they belong to."""
        os.fsync(self._metrics.fileno())

    def progress(self, step: int) -> None:
        """Prints a line every ten seconds and at the end; on a terminal, one line that is rewritten every second."""
        if self.meter.seconds < (1.0 if self._tty else INTERVAL) and step < self.steps:
            return
        speeds = self.meter.lap()
        rate, loss = speeds["tokens_per_second"], self._latest.get("loss")
        line = (
            f"step {step}/{self.steps}  loss {'-' if loss is None else f'{loss:.4f}'}  {rate:,.0f} tokens/s  "
            f"MFU {speeds['mfu']:.1%}  data wait {speeds['data_wait']:.1%}  ETA {self.meter.format_eta(rate)}"
        )
        print(f"\r\x1b[K{line}" if self._tty else line, end="" if self._tty else "\n", file=sys.stderr, flush=True)
        if self._board is not None:
            for name, value in speeds.items():
                self._board.add_scalar(name, value, step)
        if self._pipes is not None:
            self._pipes.log.info(line)

    def log(self, message: str) -> None:
        """Prints a message on a line of its own, and sends it to Dagster."""
        print(f"\n{message}" if self._tty else message, file=sys.stderr, flush=True)
        if self._pipes is not None:
            self._pipes.log.info(message)

    def report(self, metadata: Mapping[str, str | int | float | None], digest: str) -> None:
        """Sends the figures of the finished run to the Dagster asset that launched it; `digest` is its data version."""
        if self._pipes is not None and self._pipes.is_asset_step:
            known = {name: value for name, value in metadata.items() if value is not None}
            self._pipes.report_asset_materialization(metadata=known, data_version=digest)


def lines_until(path: Path, step: int) -> bytes:
    """The lines of metrics.jsonl that a run resumed at `step` keeps: training lines up to that step, others before it.

    The checkpoint was saved before its own evaluation and sample of text, which are therefore done again. A torn last
    line is dropped.
    """
    if step == 0 or not path.is_file():
        return b""
    kept = []
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            value = json.loads(line)
        except ValueError:
            break
        if value["step"] < step or (value["step"] == step and "tokens" in value):
            kept.append(line)
    return b"".join(kept)


def _tensorboard(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("tensorboard is not installed: only metrics.jsonl is written", file=sys.stderr)
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
