"""Checkpoint: a folder that is there whole or not at all.

    OUT/checkpoints/step-00000123/     Hugging Face layout, optimizer.safetensors, state.json
    OUT/checkpoints/step-00000123/manifest.json      every file with bytes and SHA-256, and the step; written last

It is written into a temporary folder, each file synced to disk, and renamed. Equal runs write equal bytes: no time,
host or path is in it. No random state is kept, for nothing is drawn after the weights: samples follow (seed, step).
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from corpus.lake.manifest import canonical_json, sha256
from training.checkpoints.files import file_digest, sync

SCHEMA = "headwater.checkpoint/2"
MANIFEST = "manifest.json"
MOMENTS = "optimizer.safetensors"
TEMPORARY = ".writing-"


class DamagedError(ValueError):
    """A checkpoint whose bytes are not those that were saved."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises DamagedError when there is none or it is torn."""
    path = folder / MANIFEST
    try:
        value: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path} cannot be read ({error})") from error
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise DamagedError(f"{path} is not a {SCHEMA} manifest")
    return value


def digest(folder: Path) -> str:
    """The checkpoint's own digest: its manifest's, which holds those of all its files."""
    return sha256((folder / MANIFEST).read_bytes())


def verify(folder: Path) -> None:
    """Reads every file. Raises DamagedError naming the file, the wanted and the found digest."""
    manifest = read_manifest(folder)
    for entry in manifest["files"]:
        path = folder / entry["path"]
        found = file_digest(path) if path.is_file() else "nothing"
        if found != entry["sha256"]:
            raise DamagedError(f"{path}: the manifest wants sha256 {entry['sha256']}, found {found}")


def without_optimizer(folder: Path) -> tuple[list[Path], bytes]:
    """The files by which a checkpoint can be asked, though not gone on with, about a third of its bytes, and the
    manifest of these alone."""
    manifest = read_manifest(folder)
    kept = [entry for entry in manifest["files"] if entry["path"] != MOMENTS]
    return [folder / entry["path"] for entry in kept], canonical_json({**manifest, "files": kept})


class Checkpoints:
    """The checkpoints of one run, oldest first. The last `keep` stay, and those of every `keep_every`-th step."""

    def __init__(self, folder: Path, keep: int, keep_every: int = 0) -> None:
        self.folder, self.keep, self.keep_every = folder, keep, keep_every

    def all(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"))

    def kept_along(self) -> list[Path]:
        """Those that `keep_every` keeps, but the last."""
        return [folder for folder in self.all()[:-1] if self.keep_every and _step(folder) % self.keep_every == 0]

    def of(self, step: int) -> Path | None:
        """The checkpoint of a step, where it stayed."""
        folder = self.folder / _name(step)
        return folder if folder.is_dir() else None

    def newest(self) -> Path | None:
        """The newest sound checkpoint, or None when there is none at all.

        Warns of each damaged one that it skips; raises ValueError when all are damaged.
        """
        for folder in reversed(self.all()):
            try:
                verify(folder)
            except DamagedError as error:
                warnings.warn(f"checkpoint skipped for the one before: {error}", stacklevel=2)
            else:
                return folder
        if self.all():
            raise ValueError(
                f"{self.folder}: every checkpoint is damaged; move the folder away to train from the beginning"
            )
        return None

    def begin(self, step: int) -> Path:
        """An empty folder for the files of the checkpoint of `step`, which nobody takes for one."""
        self.clear()
        writing = self.folder / f"{TEMPORARY}{_name(step)}"
        writing.mkdir(parents=True)
        return writing

    def publish(self, step: int, best: int = 0) -> Path:
        """Makes what was written into `begin`'s folder the checkpoint of `step`, in one move.

        Removes old ones but that of step `best`, and later ones: they were damaged and skipped.
        """
        target = self.folder / _name(step)
        writing = self.folder / f"{TEMPORARY}{target.name}"
        entries = []
        for path in sorted(writing.iterdir()):
            sync(path)
            entries.append({"path": path.name, "bytes": path.stat().st_size, "sha256": file_digest(path)})
        (writing / MANIFEST).write_bytes(canonical_json({"schema": SCHEMA, "step": step, "files": entries}))
        sync(writing / MANIFEST)
        sync(writing)
        if target.exists():  # a damaged one that was skipped, now computed again
            self._remove(target)
        os.rename(writing, target)
        sync(self.folder)
        for later in self.all():
            if _step(later) > step:  # it would count as one of the last that stay
                self._remove(later)
        for old in self.all()[: -self.keep]:
            if _step(old) != best and (not self.keep_every or _step(old) % self.keep_every):
                self._remove(old)
        return target

    def clear(self) -> None:
        """Removes what a killed process left half written."""
        for folder in self.folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(folder)

    def _remove(self, folder: Path) -> None:
        """Out of sight in one step, so that no reader meets half a checkpoint."""
        doomed = self.folder / f"{TEMPORARY}removed-{folder.name}"
        os.rename(folder, doomed)
        shutil.rmtree(doomed)


def resolve(path: Path) -> Path:
    """The checkpoint that `path` means: a checkpoint itself, or the newest sound one of a training run's folder.

    Raises ValueError when the bytes are damaged and FileNotFoundError when there is none.
    """
    if (path / MANIFEST).is_file():
        verify(path)
        return path
    newest = Checkpoints(path / "checkpoints", keep=1).newest()
    if newest is None:
        raise FileNotFoundError(f"{path} holds no checkpoint; give the --out of a training run or one of its steps")
    return newest


def check_same(
    saved: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path, overrides: Collection[str] = ()
) -> list[str]:
    """The settings in which this run differs from the saved one, all of them named in `overrides`, with both values.

    Raises ValueError naming each setting, digest or shape that differs and is not among them.
    """
    left, right = _flat(saved), _flat(wanted)
    sides = {
        name: f"{name}: saved {left.get(name)!r}, now {right.get(name)!r}"
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    }
    refused = [side for name, side in sides.items() if name not in overrides]
    if refused:
        raise ValueError(
            f"{folder} belongs to another run ({'; '.join(refused)}); repeat the saved settings to go on, take another "
            f"--out, or name what may change by --override"
        )
    return list(sides.values())


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        found.update(_flat(inner, f"{name}.") if isinstance(inner, Mapping) else {name: inner})
    return found


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))
