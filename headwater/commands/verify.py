"""Verify: reads every byte again and says what is not as it was written: of a lake, or of a folder of shards."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import fsspec

from corpus.lake.manifest import Manifest, sha256
from corpus.lake.stages import ACCOUNTS
from corpus.lake.store import Lake
from corpus.shards import check as shard_check
from corpus.shards.format import OtherVersionError
from headwater.terminal import json_line, printable


def verify_lake(url: str, as_json: bool) -> int:
    """Every dataset of a lake: its files as its manifest has them, and what is in the tars of shards. Returns the exit
    code. Raises ValueError where there is none."""
    lake = Lake(url)
    datasets = damaged = 0
    for path in lake.manifest_paths():
        datasets += 1
        try:
            manifest = Manifest.from_bytes(lake.fs.cat_file(path), where=path)
        except ValueError as error:
            damaged += 1
            print(json.dumps({"stage": None, "problems": [str(error)]}) if as_json else f"DAMAGED  {error}")
            continue
        problems = _problems(lake, manifest, path)
        damaged += bool(problems)
        rows = sum(entry.rows for entry in manifest.files if entry.kind not in ACCOUNTS)
        about = {"stage": manifest.stage, "partition": manifest.partition, "digest": manifest.digest}
        line = f"{manifest.stage:20} {manifest.partition:28} {manifest.digest[:16]} {rows:>9} rows"
        line += f" {manifest.total_bytes:>12} bytes"
        _say({**about, "rows": rows, "bytes": manifest.total_bytes}, line, problems, as_json)
    if not datasets:
        raise ValueError(f"no dataset in the lake {url}: `headwater demo` makes some")
    if damaged:
        print(
            f"error: {damaged} of {datasets} datasets are damaged: remove their folders and run again", file=sys.stderr
        )
    return 1 if damaged else 0


def _problems(lake: Lake, manifest: Manifest, path: str) -> list[str]:
    found = list(lake.problems(manifest))
    if path != f"{lake.folder(manifest)}/manifest.json":
        found.append(f"{path}: its content belongs to the address {manifest.address}")
    if manifest.stage == "shards" and not found:
        folders = _with_index(lake.fs, lake.folder(manifest))
        with suppress(OtherVersionError):  # its files are as they were written, and that is all that can be said
            return [said for folder in folders for said in _look(lake.fs, folder)[1]]
    return found


def verify_shards(url: str, tokenizer: str | None, as_json: bool) -> int:
    """A folder of shards, or one of several such folders, wherever they came from. `tokenizer`: the tokenizer.json that
    they are to be of. Returns the exit code. Raises ValueError where there are none."""
    if url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: web servers do not list their files; what is read from there is checked as it comes")
    fs, root = fsspec.core.url_to_fs(url)
    wanted = sha256(Path(tokenizer).read_bytes()) if tokenizer else None
    damaged = 0
    folders = _with_index(fs, root)
    if not folders:
        raise ValueError(f"no index.json in {url} or in its folders: verify takes a folder of shards")
    for folder in folders:
        about, problems = _look(fs, folder, wanted)
        damaged += bool(problems)
        said = "  ".join(f"{about[name]:,} {name}" for name in ("tars", "chunks", "documents", "tokens") if about)
        _say({"folder": folder, **about}, f"{folder}  {said}", problems, as_json)
    if damaged:
        print(f"error: {damaged} of {len(folders)} sets of shards are damaged: write them again", file=sys.stderr)
    return 1 if damaged else 0


def _with_index(fs: fsspec.AbstractFileSystem, root: str) -> list[str]:
    if fs.exists(f"{root}/index.json"):
        return [root]
    below = sorted(entry["name"] for entry in fs.ls(root, detail=True) if entry["type"] == "directory")
    return [folder for folder in below if fs.exists(f"{folder}/index.json")]


def _look(fs: fsspec.AbstractFileSystem, folder: str, tokenizer: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """(what the folder holds, what is wrong with it). Raises OtherVersionError for shards of another version."""
    try:
        index, fingerprint = shard_check.read_index(fs, folder)
    except OtherVersionError:
        raise
    except (OSError, ValueError) as error:
        return {}, [str(error)]
    chunks = sum(len(shard.chunks) for shard in index.shards)
    about = {"tars": len(index.shards), "chunks": chunks, "documents": index.documents, "tokens": index.tokens}
    problems = list(shard_check.problems(fs, folder, index))
    if tokenizer not in (None, index.tokenizer):
        problems.append(f"{folder}: made with the tokenizer {index.tokenizer}, given is {tokenizer}")
    return {**about, "fingerprint": fingerprint, "tokenizer": index.tokenizer}, problems


def _say(about: dict[str, Any], line: str, problems: list[str], as_json: bool) -> None:
    if as_json:
        print(json_line({**about, "problems": problems}))
        return
    print(f"{line}  {'DAMAGED' if problems else 'ok'}")
    for problem in problems:
        print(f"    {printable(problem)}")
