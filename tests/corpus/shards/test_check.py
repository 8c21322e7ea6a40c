"""Shard check: whatever bytes a tar is made of, with the digests of these, it is taken or refused by name."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.check import find_problems, read_members
from corpus.shards.format import Document, Index, Shard, write_shard

TOKENIZER, OTHER = "7" * 64, "8" * 64
VOCABULARY, EOS = 1000, 0
FS = fsspec.filesystem("file")


def index_of(folder: Path, shard: Shard) -> Index:
    """An index whose digests are those of the bytes that lie there now."""
    data = (folder / shard.path).read_bytes()
    chunks = tuple(
        type(chunk)(**{**vars(chunk), "sha256": sha256(data[chunk.offset : chunk.offset + chunk.bytes])})
        for chunk in shard.chunks
    )
    entry = Shard(path=shard.path, bytes=len(data), sha256=sha256(data), chunks=chunks)
    return Index(dtype="<u2", vocab_size=VOCABULARY, eos=EOS, tokenizer=TOKENIZER, shards=(entry,))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shard]:
    folder = tmp_path_factory.mktemp("shards")
    ids = [np.array(tokens, "<u2") for tokens in ([5, 9, 0], [7, 0], [1, 2, 3, 4, 0])]
    documents = [Document(doc_id=bytes([number]) * 16, tokens=tokens) for number, tokens in enumerate(ids)]
    return folder, write_shard(folder / "s.tar", [("a", documents[:2]), ("b", documents[2:])], TOKENIZER)


def array(values: Any, dtype: str) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array(values, dtype))
    return out.getvalue()


# A member of the first sample in place of the right one of the same length -> what is said of it.
CONTENTS: dict[str, tuple[str, bytes, str]] = {
    "right": ("a.tokens.npy", array([5, 9, 0, 7, 0], "<u2"), ""),
    "another type": ("a.tokens.npy", array([5, 9, 0, 7, 0], ">u2"), "is 5 of >u2, not a row of <u2 that fills it"),
    "two rows": ("a.docs.npy", array([[0, 3]], "<i8"), "is no row of numbers"),
    "an object": (
        "a.docs.npy",
        array([0, 3], "<i8").replace(b"<i8", b"|O8"),
        "is 2 of |O8, not a row of <i8",
    ),
    "another version": (
        "a.docs.npy",
        array([0, 3], "<i8").replace(b"NUMPY\x01", b"NUMPY\x03"),
        "is no row of numbers",
    ),
    "no array": ("a.docs.npy", b"x" * len(array([0, 3], "<i8")), "is no row of numbers"),
    "a longer one": ("a.tokens.npy", array([5, 9, 0, 7, 0, 1, 0], "<u2"), "the index has tokens 5, the tar 7"),
    "not in order": ("a.docs.npy", array([0, 0], "<i8"), "chunk a: where its documents start is not in order"),
    "not from 0": ("a.docs.npy", array([1, 3], "<i8"), "chunk a: where its documents start is not in order"),
    "beyond the end": ("a.docs.npy", array([0, 9], "<i8"), "chunk a: where its documents start is not in order"),
    "an unknown id": (
        "a.tokens.npy",
        array([5, 1000, 0, 7, 0], "<u2"),
        "token 1000 lies outside the vocabulary of",
    ),
    "no end": ("a.tokens.npy", array([5, 9, 1, 7, 0], "<u2"), "chunk a: a document does not end in 0"),
    "another tokenizer": (
        "a.json",
        canonical_json({"doc_ids": ["00" * 16, "01" * 16], "tokenizer": OTHER}),
        f"chunk a: of the tokenizer {OTHER}, the index is of {TOKENIZER}",
    ),
    "one document": (
        "a.json",
        canonical_json({"doc_ids": ["0" * 67], "tokenizer": TOKENIZER}),
        "chunk a: it has 2 documents, its json does not name as many",
    ),
    "no json": ("a.json", b"[" * 150, "Expecting value"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_is_in_a_sample(made: tuple[Path, Shard], tmp_path: Path, kind: str) -> None:
    name, content, said = CONTENTS[kind]
    folder, shard = made
    with tarfile.open(folder / "s.tar") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    found[name] = content if kind != "no json" else b"[" * len(found[name])
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, data in found.items():
            member = tarfile.TarInfo(key)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    saying = list(find_problems(FS, str(tmp_path), index_of(tmp_path, shard)))
    if said:
        [problem] = saying
        assert problem.startswith(f"{tmp_path}/s.tar: ") and said in problem
    else:
        assert not saying


EDIT = st.tuples(st.sampled_from((0, 512, 1_024, 1_536, 2_560)), st.integers(0, 511), st.integers(0, 255))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(edits=st.lists(EDIT, min_size=1, max_size=4), cut=st.sampled_from((0, 0, 0, 1, 17, 39)))
def test_any_bytes_are_taken_or_refused(
    made: tuple[Path, Shard], tmp_path: Path, edits: list[tuple[int, int, int]], cut: int
) -> None:
    """Edits are of headers of members and of arrays, on which all else depends. Nothing raises."""
    folder, shard = made
    data = bytearray((folder / "s.tar").read_bytes())
    for block, place, value in edits:
        data[block + place] = value
    (tmp_path / "s.tar").write_bytes(data[: len(data) - 512 * cut])
    for problem in find_problems(FS, str(tmp_path), index_of(tmp_path, shard)):
        assert problem.startswith(f"{tmp_path}/s.tar: ")


@given(st.binary(max_size=2_000))
def test_a_walk_over_any_bytes_ends(data: bytes) -> None:
    for content in (data, data.ljust(1_024, b"\0")):
        try:
            for member in read_members(io.BytesIO(content), len(content)):
                assert 0 <= member.offset < member.end <= len(content)
        except ValueError:
            pass


def test_a_member_that_claims_more_than_there_is() -> None:
    info = tarfile.TarInfo("a.json")
    info.size = 8**10
    with pytest.raises(ValueError, match=r"'a.json' of 1073741824 bytes goes beyond the end of the tar"):
        list(read_members(io.BytesIO(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1_024)), 1_536))
