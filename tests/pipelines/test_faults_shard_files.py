"""Every row of FAULTS.md about shards that lie damaged, or belong to something else."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from shard_faults import CONFIG, build, copied
from stages import publish
from tokens_of_text import ONE, Made

from corpus.audit.shards import shard_samples
from corpus.lake.manifest import canonical_json, sha256
from corpus.lake.store import file_sha256
from corpus.shards import check as shard_check
from corpus.shards.format import Document, Index, token_dtype, write_shard
from corpus.shards.reader import ShardSet
from corpus.tokenizer.vocabulary import VocabularyConfig
from headwater.cli import main
from pipelines.parts import StageError
from pipelines.shards import ShardConfig, shard
from pipelines.tokenization import TOKENS
from pipelines.vocabulary import make_vocabulary


def truncate(path: Path) -> str:
    data = path.read_bytes()
    path.write_bytes(data[:-700])
    return f"{path.name}: the index wants {len(data)} bytes, found {len(data) - 700}"


def flip(path: Path) -> str:
    wanted, data = file_sha256(path), bytearray(path.read_bytes())
    data[1_300] ^= 16
    path.write_bytes(bytes(data))
    return f"{path.name}: the index wants sha256 {wanted}, found {file_sha256(path)}"


def remove(path: Path) -> str:
    size = path.stat().st_size
    path.unlink()
    return f"{path.name}: the index wants {size} bytes, found None"


def add(path: Path) -> str:
    shutil.copyfile(path, path.parent / "shard-000099.tar")
    return "shard-000099.tar: not in the index"


def rename(path: Path) -> str:
    path.rename(path.parent / "renamed.tar")
    return "renamed.tar: not in the index"


def exchange(path: Path) -> str:
    """One of an earlier build under the name of a new one, of the same size."""
    value = json.loads((path.parent / "index.json").read_bytes())
    [entry] = [entry for entry in value["shards"] if entry["path"] == path.name]
    with tarfile.open(path) as tar:
        samples = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    tokens = np.load(io.BytesIO(samples[f"{entry['chunks'][0]['key']}.tokens.npy"]))
    tokens[0] += 1
    data = bytearray(path.read_bytes())
    at = entry["chunks"][0]["tokens_offset"]
    data[at : at + tokens.nbytes] = tokens.tobytes()
    path.write_bytes(bytes(data))
    return f"{path.name}: the index wants sha256 {entry['sha256']}, found {file_sha256(path)}"


def opened(folder: Path) -> None:
    """What a loader does at first: open the set, read a token of each chunk."""
    shards = ShardSet(folder)
    first = 0
    for chunk in [chunk for tar in shards.index.shards for chunk in tar.chunks]:
        shards.tokens(first, first + 1)
        first += chunk.tokens


@pytest.mark.parametrize("damage", [truncate, flip, remove, add, rename, exchange])
def test_shard_truncated_flipped_missing_extra_renamed_stale(
    folder: Path, damage: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    opened(folder)
    assert main(["verify", str(folder)]) == 0
    said = damage(folder / "shard-000001.tar")
    with pytest.raises(ValueError, match=r"shard-000001.tar|shard-000099.tar|renamed.tar") as refused:
        opened(folder)
    assert "the index wants" in str(refused.value) or "not in the index" in str(refused.value)
    capsys.readouterr()
    assert main(["verify", str(folder)]) == 1
    assert said in capsys.readouterr().out


def test_stale_index(made: Made, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The index of another build beside these tars."""
    other = made.lake.folder(build(made, ShardConfig(chunk_tokens=500, chunks_per_shard=2)))
    shutil.copyfile(f"{other}/train/index.json", folder / "index.json")
    with pytest.raises(ValueError, match="the index wants"):
        opened(folder)
    assert main(["verify", str(folder)]) == 1 and "DAMAGED" in capsys.readouterr().out


def test_any_flipped_bit_is_found(folder: Path) -> None:
    """In headers, padding, arrays and closing zeros."""
    fs = fsspec.filesystem("file")
    index, _ = shard_check.read_index(fs, str(folder))
    path = folder / "shard-000000.tar"
    data = path.read_bytes()
    for place in range(0, len(data), 61):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        assert list(shard_check.find_problems(fs, str(folder), index)), place
    path.write_bytes(data)
    assert not list(shard_check.find_problems(fs, str(folder), index))


def rewritten(folder: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], Any]) -> None:
    """The first tar with other members, and the index of somebody who wants it to be taken: all digests are right."""
    value = json.loads((folder / "index.json").read_bytes())
    entry = value["shards"][0]
    path = folder / entry["path"]
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]  # type: ignore[union-attr]
    change(members)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    data = path.read_bytes()
    entry |= {"bytes": len(data), "sha256": sha256(data)}
    for chunk in entry["chunks"]:
        chunk["sha256"] = sha256(data[chunk["offset"] : chunk["offset"] + chunk["bytes"]])
    (folder / "index.json").write_bytes(canonical_json(value))


def another(name: str, kind: bytes = tarfile.REGTYPE, **rest: Any) -> Callable[[list[Any]], Any]:
    member = tarfile.TarInfo(name)
    member.type = kind
    for key, value in rest.items():
        setattr(member, key, value)
    return lambda members: members.append((member, b""))


MEMBERS: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "..": (another("../../etc/cron.tokens.npy"), "leads out of the folder"),
    ".. within": (another("a/../b.json"), "leads out of the folder"),
    "absolute": (another("/etc/passwd"), "/etc/passwd' has an absolute name"),
    "hard link": (another("x.json", tarfile.LNKTYPE, linkname="/etc/passwd"), "x.json' is a hard link"),
    "symbolic link": (another("x.json", tarfile.SYMTYPE, linkname="/etc"), "x.json' is a symbolic link"),
    "character device": (another("x", tarfile.CHRTYPE, devmajor=1, devminor=3), "x' is a character device"),
    "block device": (another("x", tarfile.BLKTYPE), "x' is a block device"),
    "pipe": (another("x", tarfile.FIFOTYPE), "x' is a pipe"),
    "folder": (another("x", tarfile.DIRTYPE), "x/' is a folder"),
    "sparse": (another("x", tarfile.GNUTYPE_SPARSE), "x' is of the unknown kind b'S'"),
    "foreign": (another("notes.txt"), "notes.txt' is no part of a sample"),
    "unfinished": (another("000009-0000.tokens.npy"), "is the last, its sample lacks docs.npy, json"),
    "duplicate": (lambda members: members.append(members[0]), r"000000-0000.tokens.npy': 000000-0000 is there already"),
    "duplicate sample": (lambda members: members.extend(members[:3]), "000000-0000 is there already"),
    "not adjacent": (
        lambda members: members.insert(1, members.pop(3)),
        r"000000-0001.tokens.npy' at \d+ where '000000-0000.docs.npy' belongs",
    ),
    "another order": (lambda members: members.reverse(), r"json' at 0 where '000000-0001.tokens.npy' belongs"),
}


@pytest.mark.parametrize("kind", MEMBERS)
def test_tar_members(folder: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    change, said = MEMBERS[kind]
    rewritten(folder, change)
    assert main(["verify", str(folder)]) == 1
    assert re.search(f"shard-000000.tar: member .*{said}", capsys.readouterr().out)


def test_tar_members_of_a_right_tar_are_left_alone(folder: Path) -> None:
    rewritten(folder, lambda members: None)
    assert main(["verify", str(folder)]) == 0


@pytest.mark.parametrize("wrong", [400, 65_535, 70_000, 2**32 - 1])
def test_vocabulary_over_65535_with_uint16_or_token_id_out_of_range(made: Made, tmp_path: Path, wrong: int) -> None:
    again = copied(made, tmp_path / "lake")
    rows = [{"doc_id": bytes([number]) * 16, "length": 3, "tokens": [1, wrong, 0]} for number in range(2)]
    rows = [{**dict.fromkeys(TOKENS.names), **row} for row in rows]
    files = {"train": (TOKENS, rows[:1]), "heldout": (TOKENS, rows[1:])}
    tokens = publish(again.lake, "tokens", "wrong", [made.split, made.tokenizer], files, parts=1)
    with pytest.raises(StageError, match=f"token id {wrong} lies outside the vocabulary of 400"):
        shard(again.lake, tokens, again.tokenizer, CONFIG, ONE)
    assert not list(again.lake.datasets("shards"))


def test_a_large_vocabulary_is_stored_in_four_bytes_and_no_index_says_otherwise(tmp_path: Path) -> None:
    tokens = np.array([70_000, 0], token_dtype(70_001))
    made = write_shard(tmp_path / "a.tar", [("a", [Document(doc_id=bytes(16), tokens=tokens)])], "7" * 64)
    about: dict[str, Any] = {"vocab_size": 70_001, "eos": 0, "tokenizer": "7" * 64, "shards": (made,)}
    (tmp_path / "index.json").write_bytes(Index(dtype="<u2", **about).to_bytes())
    with pytest.raises(ValueError, match="dtype <u2 and eos 0 do not fit a vocabulary of 70001"):
        ShardSet(tmp_path)
    (tmp_path / "index.json").write_bytes(Index(dtype="<u4", **about).to_bytes())
    assert ShardSet(tmp_path).tokens(0, 2).tolist() == [70_000, 0]


def test_tokenizer_and_shards_disagree(
    made: Made, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused, naming both digests, where tokens become shards and where shards are looked at."""
    again = copied(made, tmp_path / "lake")
    other = make_vocabulary(again.lake, again.split, VocabularyConfig(size=300), ONE).manifest
    with pytest.raises(ValueError, match=f"content {made.tokenizer.content()}, given is {other.content()}"):
        shard(again.lake, again.tokens, other, CONFIG, ONE)
    file = Path(again.lake.folder(other), "tokenizer/tokenizer.json")
    both = f"of the tokenizer {ShardSet(folder).index.tokenizer}, given is {file_sha256(file)}"
    with pytest.raises(ValueError, match=both):
        shard_samples(ShardSet(folder), 1, file.read_bytes())
    assert main(["inspect", str(folder), "--tokenizer", str(file)]) == 1
    assert both in capsys.readouterr().err
    assert main(["verify", str(folder), "--tokenizer", str(file)]) == 1
    assert f"tokenizer {ShardSet(folder).index.tokenizer}, given is {file_sha256(file)}" in capsys.readouterr().out
