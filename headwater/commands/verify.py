"""Verify: reads every byte again and reports what is not as it was written: of a lake, or of a folder of shards.

With --rebuild, a lake's datasets are computed again too, and compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.logs import divert_stdout
from headwater.options import add_lake
from headwater.terminal import json_line, printable

if TYPE_CHECKING:
    import fsspec

    from corpus.lake.manifest import Manifest
    from corpus.lake.store import Lake


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="DIR", help="folder or URL of shards, in place of the lake")
    add_lake(parser)
    parser.add_argument(
        "--recipe", metavar="NAME", help="verify only the datasets that this recipe stands for (default: all datasets)"
    )
    parser.add_argument(
        "--rebuild",
        nargs="?",
        const="",
        metavar="STAGE",
        help="compute every dataset of the recipe again, or those of one stage, in a temporary lake, and compare bytes",
    )
    parser.add_argument(
        "--tokenizer", metavar="FILE", help="tokenizer.json with which the shards in DIR should have been made"
    )


def run(args: argparse.Namespace) -> int:
    """Prints a line or object for each dataset or set of shards, with --quiet for damaged ones alone. Returns 1 where
    something is damaged, or is another when it is computed again."""
    if args.folder is None and args.tokenizer is not None:
        raise ValueError(f"--tokenizer {args.tokenizer}: give the folder of the shards too: `headwater verify DIR`")
    if args.folder is not None and args.rebuild is not None:
        raise ValueError(f"--rebuild computes what is in a lake, not a folder of shards: leave out {args.folder}")
    if args.folder is not None:
        results, wrong = check_shards(args.folder, args.tokenizer), "sets of shards are damaged: write them again"
    elif args.rebuild is not None:
        results = check_rebuilt(args.lake, args.recipe, args.rebuild or None, args.quiet)
        wrong = "datasets are not what their recipe gives, or cannot be read: see docs/verifying.md"
    else:
        results = check_lake(args.lake, args.recipe)
        wrong = "datasets are damaged: remove their folders, then run the command that made them again"
    total = damaged = 0
    for about, line, word, problems in results:
        total, damaged = total + 1, damaged + bool(problems)
        if args.quiet and not problems:
            continue
        if args.json:
            print(json_line({**about, "problems": problems}))
        else:
            print(f"{printable(line)}  {word}")
            for problem in problems:
                print(f"    {printable(problem)}")
    if damaged:
        print(f"error: {damaged} of {total} {wrong}", file=sys.stderr)
    return 1 if damaged else 0


# What JSON has, the line for people, the word at its end, the problems.
Result = tuple[dict[str, Any], str, str, list[str]]


def _word(problems: list[str]) -> str:
    return "DAMAGED" if problems else "ok"


def check_rebuilt(url: str, recipe: str | None, stage: str | None, quiet: bool) -> Iterator[Result]:
    """Every dataset of the recipes, or those of a stage, beside what it is when computed again. Raises ValueError for
    an unknown stage, and as headwater.rebuilding.rebuilt."""
    from corpus.config import nearest
    from corpus.lake.stages import STAGES

    if stage is not None and stage not in STAGES:
        raise ValueError(f"--rebuild {stage}: no such stage{nearest(stage, STAGES)}; stages: {', '.join(STAGES)}")
    from headwater.rebuilding.rebuilt import EQUAL, READ, rebuild

    words = {EQUAL: EQUAL, READ: "ok, read"}
    with divert_stdout(quiet=quiet):
        results = rebuild(url, recipe, stage, quiet=quiet)
    for one in results:
        line = f"{one.place.stage:20} {one.place.partition:28} {one.place.address[:16]} {one.files:>5} files"
        line += f" {one.bytes:>12} bytes"
        about = {**vars(one.place), "recipe": one.recipe, "status": one.status, "files": one.files, "bytes": one.bytes}
        yield about, line, words.get(one.status, one.status.upper()), list(one.problems)


def check_lake(url: str, recipe: str | None) -> Iterator[Result]:
    """Every dataset of a lake, or of a recipe in it: its files against its manifest, and the tars of shards against
    their index. Raises ValueError where there is no dataset."""
    from corpus.lake.manifest import Manifest
    from headwater.lakes import existing_lake, open_lake

    lake = existing_lake(url) if recipe is None else open_lake(url, recipe)
    kept = None if recipe is None else {f"{lake.folder(manifest)}/manifest.json" for manifest in lake.datasets()}
    paths = [path for path in lake.manifest_paths() if kept is None or path in kept]
    if not paths:
        raise ValueError(f"no dataset in the lake {url}: `headwater demo --lake {url}` makes some")
    for path in paths:
        try:
            manifest = Manifest.from_bytes(lake.fs.cat_file(path), where=path)
        except ValueError as error:
            yield {"stage": None, "path": path}, path, _word([str(error)]), [str(error)]
            continue
        yield _describe_dataset(manifest, _dataset_problems(lake, manifest, path))


def _describe_dataset(manifest: Manifest, problems: list[str]) -> Result:
    from corpus.lake.stages import ACCOUNTS

    rows = sum(entry.rows for entry in manifest.files if entry.kind not in ACCOUNTS)
    about = {"stage": manifest.stage, "partition": manifest.partition, "digest": manifest.digest}
    line = f"{manifest.stage:20} {manifest.partition:28} {manifest.digest[:16]} {rows:>9} rows"
    line += f" {manifest.total_bytes:>12} bytes"
    return {**about, "rows": rows, "bytes": manifest.total_bytes}, line, _word(problems), problems


def _dataset_problems(lake: Lake, manifest: Manifest, path: str) -> list[str]:
    from corpus.lake.verification import find_damage
    from corpus.shards.format import OtherVersionError

    problems = list(find_damage(lake, manifest))
    if path != f"{lake.folder(manifest)}/manifest.json":
        problems.append(f"{path}: its content belongs to the address {manifest.address}")
    if manifest.stage == "shards" and not problems:
        folders = _shard_folders(lake.fs, lake.folder(manifest))
        with suppress(OtherVersionError):  # its files are as they were written, and no more can be said
            return [problem for folder in folders for problem in _check_folder(lake.fs, folder)[1]]
    return problems


def check_shards(url: str, tokenizer: str | None) -> Iterator[Result]:
    """A folder of shards, or each of several such folders in a folder. `tokenizer`: path of the tokenizer.json with
    which they should have been made. Raises ValueError where there are none."""
    import fsspec

    from corpus.lake.manifest import sha256

    if url.startswith(("http://", "https://")):
        raise ValueError(f"{url}: web servers do not list their files; what is read from there is checked on arrival")
    fs, root = fsspec.core.url_to_fs(url)
    expected = sha256(Path(tokenizer).read_bytes()) if tokenizer else None
    folders = _shard_folders(fs, root)
    if not folders:
        raise ValueError(f"no index.json in {url} or in its folders: verify takes a folder of shards")
    for folder in folders:
        about, problems = _check_folder(fs, folder, expected)
        counts = "  ".join(f"{about[name]:,} {name}" for name in ("tars", "chunks", "documents", "tokens") if about)
        yield {"folder": folder, **about}, f"{folder}  {counts}", _word(problems), problems


def _shard_folders(fs: fsspec.AbstractFileSystem, root: str) -> list[str]:
    if fs.exists(f"{root}/index.json"):
        return [root]
    if not fs.isdir(root):
        raise FileNotFoundError(f"{root} is not a folder: verify takes a folder of shards")
    folders = sorted(entry["name"] for entry in fs.ls(root, detail=True) if entry["type"] == "directory")
    return [folder for folder in folders if fs.exists(f"{folder}/index.json")]


def _check_folder(
    fs: fsspec.AbstractFileSystem, folder: str, tokenizer: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """(what the folder holds, what is wrong with it). Raises OtherVersionError for shards of another version."""
    from corpus.shards import check as shard_check
    from corpus.shards.format import OtherVersionError

    try:
        index, fingerprint = shard_check.read_index(fs, folder)
    except OtherVersionError:
        raise
    except (OSError, ValueError) as error:
        return {}, [str(error)]
    chunks = sum(len(shard.chunks) for shard in index.shards)
    about = {"tars": len(index.shards), "chunks": chunks, "documents": index.documents, "tokens": index.tokens}
    problems = list(shard_check.find_problems(fs, folder, index))
    if tokenizer not in (None, index.tokenizer):
        problems.append(f"{folder}: made with the tokenizer {index.tokenizer}, given is {tokenizer}")
    return {**about, "fingerprint": fingerprint, "tokenizer": index.tokenizer}, problems
