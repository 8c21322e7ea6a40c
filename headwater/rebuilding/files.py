"""Rebuilt files: two folders of one dataset byte by byte, and why what should be one dataset has two addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from corpus.cards.writing import CROISSANT, README
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.stages import kinds_read
from corpus.lake.store import READ_CHUNK, Lake, file_sha256
from recipes.values import flat_settings, show_change

MANIFEST = "manifest.json"
# Of a dataset's folder, and in no digest: when and where it was made, and what is told of it.
SIDE = ("run.json", "lock", README, CROISSANT)


def link_files(published: Path, folder: Path) -> None:
    """A folder that reads as the published one does: with links to its files."""
    for file in published.rglob("*"):
        if file.is_file() and file.name != "lock":
            link = folder / file.relative_to(published)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())


def compare_files(lake: Lake, published: Path, rebuilt: Path) -> tuple[int, int, list[str]]:
    """(files, bytes) of the rebuilt dataset, and what differs in the published one, of `lake`: file and byte, from 0.
    A file that no longer is what its own manifest says was damaged, and not computed otherwise."""
    names = sorted(_files(rebuilt) | _files(published))
    sizes = [(rebuilt / name).stat().st_size for name in names if (rebuilt / name).exists()]
    entries = _entries(published / MANIFEST)
    problems = []
    for name in names:
        path = published / name
        if not path.exists():
            problems.append(f"{path}: missing")
        elif not (rebuilt / name).exists():
            problems.append(f"{path}: the rebuilt dataset has no such file")
        elif name == MANIFEST and _same_but_for_sources(lake, path.read_bytes(), (rebuilt / name).read_bytes()):
            continue
        elif (place := first_difference(path, rebuilt / name)) is not None:
            entry = entries.get(name)
            damaged = entry is not None and file_sha256(path) != entry.sha256
            why = "the file was changed after it was published" if damaged else "computed again it is another"
            problems.append(f"{path}: the first difference is at byte {place:,}: {why}")
    return len(sizes), sum(sizes), problems


def _files(folder: Path) -> set[str]:
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    return found - set(SIDE)


def _entries(manifest: Path) -> dict[str, FileEntry]:
    """By path; none of a manifest that cannot be read."""
    try:
        found = Manifest.from_bytes(manifest.read_bytes(), where=str(manifest))
    except ValueError:
        return {}
    return {entry.path: entry for entry in found.files}


def _same_but_for_sources(lake: Lake, published: bytes, rebuilt: bytes) -> bool:
    """Of several datasets of one content, a manifest names the one that was read first, of whichever recipe: history
    decides that, and not what was computed. One that is named must be in the lake, and have that content."""
    try:
        old, new = (Manifest.from_bytes(data, where=MANIFEST) for data in (published, rebuilt))
    except ValueError:
        return False
    if old.to_bytes() != published or replace(old, sources=new.sources).to_bytes() != rebuilt:
        return False
    for name, address in old.sources.items():
        stage = name.partition("/")[0]
        read = lake.find(stage, address)
        if address != new.sources.get(name) and (
            read is None or read.content(kinds_read(old.stage, stage)) != old.inputs[name]
        ):
            return False
    return True


def first_difference(left: Path, right: Path) -> int | None:
    """The first byte in which two files differ, or at which one ends; None where they are equal."""
    start = 0
    with left.open("rb") as one, right.open("rb") as other:
        while True:
            pair = one.read(READ_CHUNK), other.read(READ_CHUNK)
            if pair[0] != pair[1]:
                same = (number for number, (a, b) in enumerate(zip(*pair, strict=False)) if a != b)
                return start + next(same, min(map(len, pair)))
            if not pair[0]:
                return None
            start += len(pair[0])


def explain_address(published: Path, rebuilt: Path) -> str:
    """What the addresses of two datasets of one stage and partition follow from, and where that differs."""
    try:
        old, new = (
            Manifest.from_bytes((folder / MANIFEST).read_bytes(), where=str(folder)) for folder in (published, rebuilt)
        )
    except ValueError as error:
        return str(error)
    changes = "; ".join(_differences(old, new))
    return f"the recipe now gives another address, {new.address}: {changes or 'its manifest was changed'}"


def _differences(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.code_version != new.code_version:
        yield f"code version {old.code_version} -> {new.code_version}"
    left, right = dict(flat_settings(old.config)), dict(flat_settings(new.config))
    for name in dict.fromkeys([*left, *right]):
        if left.get(name) != right.get(name):
            yield f"{name} {show_change(left.get(name), right.get(name))}"
    for name in dict.fromkeys([*old.inputs, *new.inputs]):
        if old.inputs.get(name) != new.inputs.get(name):
            yield f"it reads another {name}"
