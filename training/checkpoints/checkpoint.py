"""Checkpoint: a folder that exists whole or not at all.

    OUT/checkpoints/step-00000123/     Hugging Face layout, optimizer.safetensors, state.json
    OUT/checkpoints/step-00000123/manifest.json      size and SHA-256 of every file, and the step; written last

It is written into a temporary folder, each file synced to disk, and renamed. Equal runs write equal bytes: no time,
host or path is in them. There is no random state to save: nothing is drawn after the initial weights, and samples
depend on (seed, step).
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.lake.local_files import sync
from corpus.lake.manifest import canonical_json, sha256
from training.checkpoints.files import file_digest

SCHEMA = "headwater.checkpoint/2"
MANIFEST = "manifest.json"
MOMENTS = "optimizer.safetensors"
TEMPORARY = ".writing-"
PREFIX = "step-"


class DamagedError(ValueError):
    """A checkpoint whose bytes are not those that were saved."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises DamagedError when it is missing or incomplete."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error})") from error
    return parse_manifest(data, path)


def parse_manifest(data: bytes, path: Path | str) -> dict[str, Any]:
    """Raises DamagedError, with the path that it is from."""
    try:
        value: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise DamagedError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise DamagedError(f"{path} is not a {SCHEMA} manifest")
    return value


def is_ours(folder: Path) -> bool:
    """Whether a checkpoint or a run of ours is to be looked for in a folder, and not a model of Hugging Face."""
    return (folder / MANIFEST).is_file() or not (folder / "config.json").is_file()


def checkpoint_digest(folder: Path) -> str:
    """SHA-256 of the manifest, which holds the digests of all files."""
    return sha256((folder / MANIFEST).read_bytes())


def verify(folder: Path) -> None:
    """Reads every file. Raises DamagedError naming the file, the expected and the actual digest."""
    manifest = read_manifest(folder)
    for entry in manifest["files"]:
        path = folder / entry["path"]
        actual = file_digest(path) if path.is_file() else None
        if actual is None:
            raise DamagedError(f"{path} is missing")
        if actual != entry["sha256"]:
            raise DamagedError(f"{path} has sha256 {actual}, its manifest says {entry['sha256']}")


def seal(folder: Path, step: int) -> None:
    """Writes the manifest of the files in a folder, which has none. All is on disk when it returns."""
    entries = []
    for path in sorted(folder.iterdir()):
        sync(path)
        entries.append({"path": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path)})
    (folder / MANIFEST).write_bytes(canonical_json({"schema": SCHEMA, "step": step, "files": entries}))
    sync(folder / MANIFEST)
    sync(folder)


def files_without_optimizer(folder: Path) -> tuple[list[Path], bytes]:
    """What scoring and generating need of a checkpoint, about a third of its bytes: its files without the optimizer's,
    and a manifest of these."""
    manifest = read_manifest(folder)
    kept = [entry for entry in manifest["files"] if entry["path"] != MOMENTS]
    return [folder / entry["path"] for entry in kept], canonical_json({**manifest, "files": kept})


class Checkpoints:
    """The checkpoints of one run, oldest first: the last `keep_last`, and those at multiples of `keep_every` steps."""

    def __init__(self, folder: Path, keep_last: int, keep_every: int = 0) -> None:
        self.folder, self.keep_last, self.keep_every = folder, keep_last, keep_every
        self._writing: Path | None = None

    def all(self) -> list[Path]:
        return sorted(self.folder.glob(f"{PREFIX}*"))

    def milestones(self) -> list[Path]:
        """Those at multiples of `keep_every` steps, without the last checkpoint."""
        return [folder for folder in self.all()[:-1] if self.keep_every and _step(folder) % self.keep_every == 0]

    def at_step(self, step: int) -> Path | None:
        """The checkpoint of a step, None where it was removed."""
        folder = self.folder / _name(step)
        return folder if folder.is_dir() else None

    def newest(self) -> Path | None:
        """The newest intact checkpoint, or None when there is none at all.

        Warns of each damaged one that it skips. Raises ValueError when all are damaged.
        """
        for folder in reversed(self.all()):
            try:
                verify(folder)
            except DamagedError as error:
                warnings.warn(f"damaged checkpoint skipped, using the one before it: {error}", stacklevel=2)
            else:
                return folder
        if self.all():
            raise ValueError(
                f"{self.folder}: every checkpoint is damaged; move the folder away to train from the start"
            )
        return None

    def begin(self, step: int) -> Path:
        """An empty temporary folder for the files of the checkpoint of `step`.

        No two attempts have one of the same name: a rank of an earlier one, frozen while it wrote, wakes up to a folder
        that is gone.
        """
        self.remove_incomplete()
        self._writing = self.folder / f"{TEMPORARY}{_name(step)}-{uuid.uuid4().hex}"
        self._writing.mkdir(parents=True)
        return self._writing

    def publish(self, step: int, best: int = 0) -> Path:
        """Renames the folder from `begin` into the checkpoint of `step`.

        Removes old checkpoints except that of step `best`, and later ones, which were damaged and skipped.
        """
        assert self._writing is not None
        target, writing = self.folder / _name(step), self._writing
        seal(writing, step)
        if target.exists():  # it was damaged and skipped, and is now replaced
            self._remove(target)
        os.rename(writing, target)
        sync(self.folder)
        for later in self.all():
            if _step(later) > step:  # it would count among the last ones
                self._remove(later)
        for name in self.spent([folder.name for folder in self.all()], best):
            self._remove(self.folder / name)
        return target

    def spent(self, names: Sequence[str], best: int) -> list[str]:
        """Those of these checkpoints, oldest first, that need not be kept."""
        steps = {name: int(name.removeprefix(PREFIX)) for name in names[: -self.keep_last]}
        return [
            name for name, step in steps.items() if step != best and (not self.keep_every or step % self.keep_every)
        ]

    def bring(self, folder: Path) -> None:
        """Called by every process before it reads a checkpoint that `newest` found in one of them."""

    def place(self, folder: Path) -> str:
        """Where a checkpoint is for the person who asks."""
        return str(folder)

    def remove_incomplete(self) -> None:
        """Removes what a killed process left half written."""
        for folder in self.folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(folder)

    def _remove(self, folder: Path) -> None:
        """Renames before deleting, so that no reader sees half a checkpoint."""
        doomed = self.folder / f"{TEMPORARY}removed-{folder.name}"
        os.rename(folder, doomed)
        shutil.rmtree(doomed)


def find_checkpoint(path: Path) -> Path:
    """The checkpoint at `path`, or the newest intact one where `path` is the output folder of a run; it is verified.

    Raises ValueError when the bytes are damaged and FileNotFoundError when there is none.
    """
    if (path / MANIFEST).is_file():
        verify(path)
        return path
    newest = Checkpoints(path / "checkpoints", keep_last=1).newest()
    if newest is None:
        raise FileNotFoundError(
            f"{path} holds no checkpoint; give the --out folder of a training run, or one of its checkpoints"
        )
    return newest


def check_same_run(
    saved: Mapping[str, Any], current: Mapping[str, Any], folder: Path, overrides: Collection[str] = ()
) -> list[str]:
    """The settings in which this run differs from the saved one, with both values; all of them are in `overrides`.

    Raises ValueError naming each setting, digest or shape that differs without being overridden.
    """
    before, now = _flat(saved), _flat(current)
    changes = {
        name: f"{name}: saved {before.get(name)!r}, now {now.get(name)!r}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    }
    refused = [change for name, change in changes.items() if name not in overrides]
    if refused:
        raise ValueError(
            f"{folder} belongs to another run ({'; '.join(refused)}); repeat the saved settings to continue it, give "
            f"another --out, or allow a change with --override"
        )
    return list(changes.values())


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        flat.update(_flat(inner, f"{name}.") if isinstance(inner, Mapping) else {name: inner})
    return flat


def _name(step: int) -> str:
    return f"{PREFIX}{step:08d}"


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix(PREFIX))
