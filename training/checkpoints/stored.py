"""Stored checkpoints: those of a run whose output is in an object store, with a local folder as the place of work.

    URL/run.json                            which run this is; written when it begins, which shows that it can be
    URL/checkpoints/step-00000123/          the files, and manifest.json, uploaded last: with it, the checkpoint exists
    URL/metrics.jsonl, tensorboard/, speed.json     as of the newest checkpoint, and of the end

A checkpoint is saved in the local folder first and then uploaded. On another machine, or when the local folder is gone,
the newest one comes back from the store, its bytes checked. A local one whose upload failed counts, and is uploaded.
"""

from __future__ import annotations

import fcntl
import shutil
import uuid
import warnings
from pathlib import Path

from corpus.lake.download import cache_folder
from corpus.lake.manifest import canonical_json, sha256
from corpus.lake.remote_files import RemoteFiles, open_remote
from training.checkpoints.checkpoint import (
    MANIFEST,
    PREFIX,
    TEMPORARY,
    Checkpoints,
    DamagedError,
    parse_manifest,
    read_manifest,
    verify,
)
from training.checkpoints.files import write_atomic

RUN, METRICS = "run.json", "metrics.jsonl"
ALONG = (METRICS, "speed.json", "tensorboard/*")  # what is uploaded beside the checkpoints


class RemoteRun:
    """The output folder of a run in an object store."""

    def __init__(self, url: str, files: RemoteFiles, root: str) -> None:
        self.url, self.files, self._root = url.rstrip("/"), files, root.rstrip("/")

    @property
    def work_folder(self) -> Path:
        """On this machine; always the same, so that a run which is repeated here finds what it had."""
        return cache_folder() / "runs" / sha256(self.url.encode())[:16]

    def path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def begin(self) -> bytes:
        """What identifies the run. Raises OSError, before anything is computed, where the store takes no object."""
        identity = canonical_json({"run": uuid.uuid4().hex})
        try:
            self.files.create(self.path(RUN), identity)
        except FileExistsError:
            identity = self.files.cat_file(self.path(RUN))
        return identity

    def manifests(self) -> dict[str, bytes]:
        """Name -> manifest of each checkpoint, oldest first."""
        names = [name for name in self.files.names(self.path("checkpoints")) if name.startswith(PREFIX)]
        paths = {self.path(f"checkpoints/{name}/{MANIFEST}"): name for name in names}
        return {paths[path]: data for path, data in self.files.cat_files(sorted(paths)).items()}

    def download(self, name: str, manifest: bytes, target: Path) -> None:
        """A checkpoint, put in place whole. Raises DamagedError where its bytes are not those of the manifest."""
        parse_manifest(manifest, self.path(f"checkpoints/{name}/{MANIFEST}"))
        part = target.with_name(f"{TEMPORARY}{target.name}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        (part / MANIFEST).write_bytes(manifest)
        for entry in read_manifest(part)["files"]:
            try:
                self.files.get_file(self.path(f"checkpoints/{name}/{entry['path']}"), str(part / entry["path"]))
            except FileNotFoundError:
                continue  # verified next
        try:
            verify(part)
        except DamagedError as error:
            raise DamagedError(f"{self.url}/checkpoints/{name}: {error}") from error
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)

    def upload(self, folder: Path) -> None:
        """A checkpoint: its files, then the manifest. Raises FileExistsError when another writer was faster."""
        for entry in read_manifest(folder)["files"]:
            path = self.path(f"checkpoints/{folder.name}/{entry['path']}")
            self.files.upload(folder / entry["path"], path, entry["sha256"])
        self.files.create(self.path(f"checkpoints/{folder.name}/{MANIFEST}"), (folder / MANIFEST).read_bytes())

    def remove(self, name: str) -> None:
        """A checkpoint, its manifest first, or what is there of one."""
        folder = self.path(f"checkpoints/{name}")
        for path in (f"{folder}/{MANIFEST}", folder):
            if self.files.exists(path):
                self.files.rm(path, recursive=path == folder)

    def push(self, work: Path) -> None:
        """What is written along the way, as it is now."""
        for path in (path for pattern in ALONG for path in sorted(work.glob(pattern)) if path.is_file()):
            self.files.put_file(str(path), self.path(path.relative_to(work).as_posix()))

    def pull_metrics(self, work: Path) -> None:
        for data in self.files.cat_files([self.path(METRICS)]).values():
            write_atomic(work / METRICS, data)


class StoredCheckpoints(Checkpoints):
    """As Checkpoints, with a store that they are uploaded to and come back from."""

    def __init__(self, folder: Path, keep_last: int, keep_every: int, run: RemoteRun) -> None:
        super().__init__(folder, keep_last, keep_every)
        self.run = run
        self._damaged: set[str] = set()  # in the store: to be replaced

    def newest(self) -> Path | None:
        self._begin()
        stored = self.run.manifests()
        for name, manifest in reversed(stored.items()):
            try:
                self._fetch(name, manifest)
            except DamagedError as error:
                self._damaged.add(name)
                warnings.warn(f"damaged checkpoint skipped, using the one before it: {error}", stacklevel=2)
            else:
                break
        if stored and len(self._damaged) == len(stored) and not self.all():
            raise ValueError(
                f"{self.run.url}: every checkpoint is damaged; give another --out to train from the start, or delete it"
            )
        found = super().newest()
        if found is not None and found.name not in stored:
            self._upload(found)
        return found

    def publish(self, step: int, best: int = 0) -> Path:
        folder = super().publish(step, best)
        self._upload(folder)
        stored = list(self.run.manifests())
        later = {name for name in stored if name > folder.name}
        for name in [*self.spent([name for name in stored if name not in later], best), *later & self._damaged]:
            self.run.remove(name)
        return folder

    def bring(self, folder: Path) -> None:
        if not folder.is_dir():
            self._fetch(folder.name, self.run.manifests()[folder.name])

    def at_step(self, step: int) -> Path | None:
        found = super().at_step(step)
        if found is None:
            for name, manifest in self.run.manifests().items():
                if int(name.removeprefix(PREFIX)) == step:
                    self._fetch(name, manifest)
        return super().at_step(step)

    def place(self, folder: Path) -> str:
        return f"{self.run.url}/checkpoints/{folder.name}"

    def _begin(self) -> None:
        """Leaves nothing in the local folder that is of another run: the store may have been emptied since."""
        identity, note = self.run.begin(), self.folder.parent / RUN
        if not note.is_file() or note.read_bytes() != identity:
            shutil.rmtree(self.folder, ignore_errors=True)
            (self.folder.parent / METRICS).unlink(missing_ok=True)
            self.folder.mkdir(parents=True)
            write_atomic(note, identity)

    def _fetch(self, name: str, manifest: bytes) -> None:
        """Unless it is here. One process of a machine does it, and the others wait."""
        target = self.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder.parent / "fetch.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if target.is_dir() and (target / MANIFEST).is_file() and (target / MANIFEST).read_bytes() == manifest:
                try:
                    return verify(target)
                except DamagedError:
                    pass  # this machine's copy is: it is fetched again
            self.run.download(name, manifest, target)
            self.run.pull_metrics(self.folder.parent)

    def _upload(self, folder: Path) -> None:
        """Raises ValueError when another trainer has saved the step with other bytes."""
        self.run.push(self.folder.parent)
        stored = self.run.manifests().get(folder.name)
        if folder.name in self._damaged or stored is None:
            self.run.remove(folder.name)  # damaged, or what a killed upload left
            try:
                return self.run.upload(folder)
            except FileExistsError:
                stored = b""
        if stored != (folder / MANIFEST).read_bytes():
            raise ValueError(
                f"{self.place(folder)} was saved by another trainer, with other bytes; stop one of the two, or give "
                f"another --out"
            )


def open_run(out: str) -> RemoteRun | None:
    """None for a folder of this machine."""
    remote = open_remote(out)
    return RemoteRun(out, *remote) if remote is not None else None


def fetch_checkpoint(url: str) -> Path:
    """A local copy of the checkpoint at `url`, or of the newest intact one of the run at `url`.

    Raises FileNotFoundError when there is none, ValueError when every one is damaged.
    """
    parent, _, name = url.rstrip("/").rpartition("/")
    single = name.startswith(PREFIX) and parent.endswith("/checkpoints")
    run = open_run(parent.removesuffix("/checkpoints") if single else url)
    if run is None:
        raise FileNotFoundError(f"{url}: no such folder")
    stored = run.manifests()
    names = [name] if single else [*reversed(stored)]
    for chosen in names:
        if chosen not in stored:
            break
        target = cache_folder() / "checkpoints" / sha256(stored[chosen])
        try:
            if not target.is_dir():
                run.download(chosen, stored[chosen], target)
            return target
        except DamagedError as error:
            if single:
                raise
            warnings.warn(f"damaged checkpoint skipped, using the one before it: {error}", stacklevel=2)
    if stored and not single:
        raise ValueError(f"{url}: every checkpoint is damaged")
    raise FileNotFoundError(f"{url} holds no checkpoint; give the --out of a training run, or one of its checkpoints")
