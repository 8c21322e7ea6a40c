"""Items: the rows of a benchmark's files, named, with the words that a model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpus.lake.manifest import canonical_json, sha256
from training.evaluation.task import Doc, Task, fill


@dataclass(frozen=True, kw_only=True)
class Items:
    """`docs` are what is asked, `rows` what they were made of; `data` is the digest of the files. An item that comes
    again, equal in every field, is asked again, as elsewhere, under a name of its own; `repeated` counts those."""

    docs: list[Doc]
    rows: list[dict[str, Any]]
    data: str
    repeated: int

    def first(self, limit: int | None) -> Items:
        """The first `limit` items; all without one. They are other data than all."""
        if limit is None or limit >= len(self.docs):
            return self
        if limit < 1:
            raise ValueError(f"{limit} items: a score of nothing would mean nothing")
        rows = self.rows[:limit]
        return replace(
            self,
            docs=self.docs[:limit],
            rows=rows,
            data=sha256(f"{self.data} {limit}".encode()),
            repeated=limit - len(set(map(canonical_json, rows))),
        )


def load_items(task: Task, data: Path) -> Items:
    """Reads a benchmark's files. Raises ValueError where there is no item, an item cannot be asked, or two have one
    name; FileNotFoundError where there is no file."""
    paths = find_files(task, data, task.files)
    rows = _read(task, paths)
    if not rows:
        raise ValueError(f"{task.name}: no items in {_named(paths)}; a score of nothing would mean nothing")
    shots, used = _shots(task, data, paths)
    docs: list[Doc] = []
    seen: dict[str, tuple[str, int]] = {}
    repeated = 0
    for number, row in enumerate(rows, start=1):
        try:
            group = fill(task.group, row)
            if task.shots and group not in shots:
                raise ValueError(f"{_named(used)} has no solved rows of {group or 'all'}; --data is the folder of both")
            before = fill(task.preamble, row) + "".join(shots.get(group, [])[: task.shots])
            doc = task.ask(row, before)
            if lacking := [name for name in task.above if not isinstance(row.get(name), str)]:
                raise ValueError(f"{lacking[0]!r} should say what its group belongs to, and is {row.get(lacking[0])!r}")
            about = sha256(canonical_json(row))
            name = fill(task.item, row) or about[:16]
            cluster = fill(task.passage, row) or name
        except (KeyError, TypeError, ValueError) as error:
            what = f"the field {error}, which it lacks" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{task.name}: row {number} of {_named(paths)} cannot be asked: {what}") from error
        if name in seen:
            known, times = seen[name]
            if known != about:
                raise ValueError(f"{task.name}: two items of {_named(paths)} are named {name!r}; give each its own")
            seen[name], repeated = (known, times + 1), repeated + 1
            name = f"{name}#{times + 1}"
        else:
            seen[name] = (about, 1)
        docs.append({"item_id": name, "cluster": cluster, "group": group, **doc})
    digests = {name: sha256(path.read_bytes()) for name, path in list_files(task, data).items()}
    return Items(docs=docs, rows=rows, data=sha256(canonical_json(digests)), repeated=repeated)


def _shots(task: Task, data: Path, asked: Sequence[Path]) -> tuple[Mapping[str, list[str]], list[Path]]:
    """The solved rows of each group, and the files that they come from: others than are asked about, for a row that
    stands solved before itself tells its answer."""
    if not task.shots:
        return {}, []
    paths = find_files(task, data, task.shots_from)
    if both := sorted(set(paths) & set(asked)):
        raise ValueError(
            f"{task.name}: {both[0]} would be asked about and give the solved rows before; --data is the folder that "
            f"holds {task.shots_from} too"
        )
    found: dict[str, list[str]] = {}
    for row in _read(task, paths):
        found.setdefault(fill(task.group, row), []).append(task.solved(row) + "\n\n")
    for group, solved in found.items():
        if len(solved) < task.shots:
            raise ValueError(
                f"{task.name}: {len(solved)} rows of {group or 'all'} in {_named(paths)}, {task.shots} wanted"
            )
    return found, paths


def _read(task: Task, paths: Sequence[Path]) -> list[dict[str, Any]]:
    try:
        return task.read(paths)
    except (AttributeError, KeyError, TypeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{task.name}: {_named(paths)} is not laid out as it should be ({what})") from error


def find_files(task: Task, data: Path, patterns: str | tuple[str, ...]) -> list[Path]:
    """The files that fit the first pattern which any fits; raises FileNotFoundError where there is none."""
    if data.is_file():
        return [data]
    patterns = (patterns,) if isinstance(patterns, str) else patterns
    for pattern in patterns:
        if paths := sorted(path for path in data.glob(pattern) if path.is_file()):
            return paths
    wanted = " or ".join(patterns)
    raise FileNotFoundError(f"{data}: no file {wanted} there, which {task.name} reads. {task.source}".rstrip())


def list_files(task: Task, data: Path) -> dict[str, Path]:
    """All that the task reads, by name; solved examples too, for a score depends on them."""
    paths = find_files(task, data, task.files) + (find_files(task, data, task.shots_from) if task.shots else [])
    return {str(path.relative_to(data) if data.is_dir() else path.name): path for path in paths}


def _named(paths: Sequence[Path]) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
