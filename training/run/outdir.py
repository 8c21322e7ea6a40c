"""Outdir: the output folder of one run, and the lock on it.

OUT/lock            held by the trainer that is writing, and naming it
OUT/checkpoints/    step-00000123/, the newest `keep_last`
OUT/metrics.jsonl   OUT/tensorboard/
OUT/speed.json      of the last finished run: tokens a second and other figures that differ from run to run

Where OUT is in an object store, all that is written in a folder of this machine, and the store has copies of all but
the lock (training.checkpoints.stored).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO

from training.checkpoints.checkpoint import Checkpoints
from training.checkpoints.stored import StoredCheckpoints, open_run
from training.distributed.parallel import World

LOCK_WAIT = 30.0  # seconds: a killed launcher's orphan may still be leaving
SEEN_WAIT = 60.0  # seconds: NFS may remember for so long that a file was not there


class Outdir:
    """Use as a context: inside it, this process is the only trainer of the folder on this machine."""

    def __init__(self, path: Path | str, wait: float = LOCK_WAIT) -> None:
        self._run = open_run(str(path))
        self.path, self.wait = self._run.work_folder if self._run else Path(path), wait
        self.holder = ""  # what the lock says while this process holds it
        self._lock: IO[str] | None = None

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    def open_checkpoints(self, keep_last: int, keep_every: int) -> Checkpoints:
        if self._run is None:
            return Checkpoints(self.checkpoints, keep_last, keep_every)
        return StoredCheckpoints(self.checkpoints, keep_last, keep_every, self._run)

    def push(self) -> None:
        """Called when the run is through: the store has what was written since the last checkpoint."""
        if self._run is not None:
            self._run.push(self.path)

    def __enter__(self) -> Outdir:
        """Raises ValueError naming the lock and its holder when another trainer still has it after the wait."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        path = self.path / "lock"
        lock = path.open("a")
        deadline = time.monotonic() + self.wait
        while True:
            try:
                # The kernel lets go of it with the process, however that ends: no stale lock is possible.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    raise ValueError(
                        f"{path} is held by another trainer ({self._read_holder()}) after {self.wait:g} s; wait for it "
                        f"or end it, or give another --out"
                    ) from None
                time.sleep(0.2)
        self._lock = lock
        self.holder = f"{socket.gethostname()}, process {os.getpid()}, {uuid.uuid4().hex}"
        lock.truncate(0)
        lock.write(self.holder)
        lock.flush()
        os.fsync(lock.fileno())  # for those who look from other nodes
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._lock is not None:
            self._lock.close()

    def check_lock(self) -> None:
        """To be called before something is written that is not this process's alone. Raises ValueError when the lock
        names another trainer: a file system may have given it away while this node was cut off, or somebody moved the
        folder and began anew."""
        if self._lock is not None and (now := self._read_holder()) != self.holder:
            raise ValueError(
                f"{self.path / 'lock'} names another trainer ({now or 'none'}) than this one ({self.holder}), which "
                f"therefore ends and writes nothing; find out which of the two is to go on"
            )

    def check_is_shared(self, world: World) -> None:
        """To be called by all ranks. Raises ValueError where a node sees another folder than the one that rank 0 has
        locked: after the loss of a node, rank 0 may be on any of them, and without the checkpoints it would begin anew.
        """
        if self._run is not None or not world.has_several_nodes:  # a store is one for all, and fetched from by each
            return
        holder = world.broadcast(self.holder)
        deadline = time.monotonic() + min(SEEN_WAIT, world.timeout / 2)
        while (seen := self._read_holder()) != holder and time.monotonic() < deadline:
            time.sleep(0.2)
        if world.any(seen != holder):
            raise ValueError(
                f"{self.path} on {socket.gethostname()} is {'not ' if seen != holder else ''}the folder that rank 0 "
                f"writes, and all nodes must have that one; give an --out on a file system that they share"
            )

    def _read_holder(self) -> str:
        try:
            return (self.path / "lock").read_text()
        except FileNotFoundError:
            return ""

    def check_space(self, checkpoint_bytes: int) -> None:
        """Raises ValueError, with both figures, when there is no space for three checkpoints."""
        free = shutil.disk_usage(self.path).free
        if free < 3 * checkpoint_bytes:
            raise ValueError(
                f"{self.path} has {free / 1e9:.2f} GB free and three checkpoints take {3 * checkpoint_bytes / 1e9:.2f} "
                f"GB; free some space, or give another --out"
            )
