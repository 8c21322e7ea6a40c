"""Shards: stock webdataset reads them, a rebuild has the same bytes, and a damaged one is refused by name."""

from __future__ import annotations

import gc
import io
import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset

from corpus.lake.manifest import canonical_json, sha256
from corpus.shards.format import Document, Index, convert_to_tokens, token_dtype, write_shard
from corpus.shards.reader import ShardSet

TOKENIZER = "7" * 64
VOCABULARY = 1000
EOS = 0


def documents(first: int, lengths: list[int], dtype: str = "<u2") -> list[Document]:
    random = np.random.RandomState(first)
    return [
        Document(
            doc_id=bytes([first + number]) * 16,
            tokens=np.append(random.randint(1, VOCABULARY, length - 1), EOS).astype(dtype),
        )
        for number, length in enumerate(lengths)
    ]


CHUNKS = [
    [("000000-0000", documents(0, [3, 1, 70])), ("000000-0001", documents(10, [500]))],
    [("000001-0000", documents(20, [2, 2, 2, 9]))],
]
DOCUMENTS = [document for shard in CHUNKS for _, chunk in shard for document in chunk]
STREAM = np.concatenate([document.tokens for document in DOCUMENTS]).astype(np.int64)


def build(folder: Path, dtype: str = "<u2") -> Path:
    folder.mkdir()
    shards = tuple(
        write_shard(folder / f"shard-{number:06d}.tar", chunks, TOKENIZER) for number, chunks in enumerate(CHUNKS)
    )
    index = Index(dtype=dtype, vocab_size=VOCABULARY, eos=EOS, tokenizer=TOKENIZER, shards=shards)
    (folder / "index.json").write_bytes(index.to_bytes())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "shards")


def test_the_stream_is_the_documents_one_after_another(folder: Path) -> None:
    shards = ShardSet(folder)
    assert len(shards) == shards.index.tokens == len(STREAM)
    assert shards.index.documents == len(DOCUMENTS)
    assert shards.fingerprint == sha256((folder / "index.json").read_bytes())
    for start in range(0, len(STREAM), 13):
        for stop in (start, start + 1, start + 80, len(STREAM)):
            stop = min(stop, len(STREAM))
            assert (shards.tokens(start, stop) == STREAM[start:stop]).all(), (start, stop)
    assert shards.tokens(0, 5).dtype == np.int64


def test_documents_are_found_by_their_ids(folder: Path) -> None:
    shards = ShardSet(folder)
    there = shards.documents(0, len(shards))
    assert [bytes(doc_id).hex() for doc_id in shards.document_ids] == [doc_id for _, doc_id, _, _ in there]
    for place in there:
        assert shards.find(place[1]) == [place]
    assert shards.find("f" * 32) == []


def test_a_document_is_not_found_in_a_damaged_chunk(folder: Path) -> None:
    tar = folder / "shard-000000.tar"
    data = bytearray(tar.read_bytes())
    data[ShardSet(folder).index.shards[0].chunks[0].tokens_offset] ^= 1
    tar.write_bytes(data)
    with pytest.raises(ValueError, match="of chunk 000000-0000 the index wants sha256"):
        ShardSet(folder).find(DOCUMENTS[0].doc_id.hex())
    assert ShardSet(folder).find(DOCUMENTS[-1].doc_id.hex())


def test_stock_webdataset_reads_the_same_tokens(folder: Path) -> None:
    urls = [str(path) for path in sorted(folder.glob("*.tar"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # webdataset leaves its files to the garbage collector
        samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
        gc.collect()
    assert [sample["__key__"] for sample in samples] == [key for chunks in CHUNKS for key, _ in chunks]
    assert (np.concatenate([sample["tokens.npy"] for sample in samples]) == STREAM).all()
    for sample, (_, chunk) in zip(samples, [one for chunks in CHUNKS for one in chunks], strict=True):
        assert sample["tokens.npy"].dtype == np.uint16
        assert sample["json"] == {"doc_ids": [document.doc_id.hex() for document in chunk], "tokenizer": TOKENIZER}
        pieces = np.split(sample["tokens.npy"], sample["docs.npy"][1:])
        assert [piece.tolist() for piece in pieces] == [document.tokens.tolist() for document in chunk]


def test_the_index_points_at_the_arrays_themselves(folder: Path) -> None:
    for shard in ShardSet(folder).index.shards:
        data = (folder / shard.path).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for chunk in shard.chunks:
                for name, offset in (("tokens.npy", chunk.tokens_offset), ("docs.npy", chunk.docs_offset)):
                    file = tar.extractfile(f"{chunk.key}.{name}")
                    assert file is not None
                    array = np.load(io.BytesIO(file.read()))
                    assert data[offset : offset + array.nbytes] == array.tobytes()
                names = data[chunk.json_offset : chunk.json_offset + chunk.json_bytes]
                assert len(json.loads(names)["doc_ids"]) == chunk.documents


def test_a_rebuild_has_the_same_bytes_and_names_nobody(folder: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    with tarfile.open(folder / "shard-000000.tar") as tar:
        members = tar.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.isreg()) for m in members} == {(0, 0, 0, "", "", True)}


def test_positions_lead_back_to_documents(folder: Path) -> None:
    shards = ShardSet(folder)
    position = 0
    for document in DOCUMENTS:
        first, end = position, position + len(document.tokens)
        shard = "shard-000001.tar" if document.doc_id[0] >= 20 else "shard-000000.tar"
        whole = (shard, document.doc_id.hex(), first, end)
        assert shards.documents(first, end) == [whole]
        assert shards.documents(end - 1, end) == [whole]
        assert (shards.tokens(first, end) == document.tokens).all()
        position = end
    assert [found[1] for found in shards.documents(0, len(shards))] == [d.doc_id.hex() for d in DOCUMENTS]
    across = shards.documents(73, 575)
    assert [found[1][:2] for found in across] == ["02", "0a", "14"]


@pytest.mark.parametrize("change", [-1, -512, 1])
def test_a_tar_of_another_size_is_refused_naming_both(folder: Path, change: int) -> None:
    path = folder / "shard-000001.tar"
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"\0")
    with pytest.raises(ValueError, match=rf"{path}: the index wants {len(data)} bytes, found {len(data) + change}"):
        ShardSet(folder)


def test_a_missing_tar_or_index_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    (folder / "shard-000000.tar").unlink()
    with pytest.raises(ValueError, match=r"shard-000000.tar: the index wants \d+ bytes, found None"):
        ShardSet(folder)
    with pytest.raises(FileNotFoundError, match=r"empty/index.json not found: --shards takes a folder"):
        ShardSet(tmp_path / "empty")


def test_a_tar_that_the_index_does_not_know_is_refused_by_name(folder: Path) -> None:
    (folder / "shard-000001.tar").rename(folder / "other.tar")
    with pytest.raises(ValueError, match=r"shard-000001.tar: the index wants \d+ bytes, found None; other.tar: not in"):
        ShardSet(folder)


def test_a_flipped_bit_is_refused_before_its_chunk_is_used(folder: Path) -> None:
    """The chunk before it, in the same tar, is read; its own is not, whichever byte of it is asked for."""
    path = folder / "shard-000000.tar"
    first, second = ShardSet(folder).index.shards[0].chunks
    data = bytearray(path.read_bytes())
    data[second.tokens_offset + 700] ^= 4
    path.write_bytes(bytes(data))
    found = sha256(bytes(data[second.offset : second.offset + second.bytes]))
    shards = ShardSet(folder)
    assert (shards.tokens(0, first.tokens) == STREAM[: first.tokens]).all()
    said = f"{path}: of chunk {second.key} the index wants sha256 {second.sha256}, found {found}"
    for read in (shards.tokens, shards.documents):
        for _ in range(2):
            with pytest.raises(ValueError, match=said):
                read(first.tokens, first.tokens + 1)


def test_chunks_cover_a_tar_up_to_its_closing_zeros(folder: Path) -> None:
    for shard in ShardSet(folder).index.shards:
        data = (folder / shard.path).read_bytes()
        end = 0
        for chunk in shard.chunks:
            assert chunk.offset == end
            end += chunk.bytes
            assert sha256(data[chunk.offset : end]) == chunk.sha256
        assert not any(data[end:])


@pytest.mark.parametrize("data", [b"", b"{}", b'{"schema":"other/1"}', b"\x80", b"[1]"])
def test_what_is_no_index_is_refused_by_name(folder: Path, data: bytes) -> None:
    (folder / "index.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"index.json is not a headwater.shards/2 index"):
        ShardSet(folder)


def shard_with(value: dict[str, Any], **changes: Any) -> None:
    value["shards"][0] |= changes


def chunk_with(value: dict[str, Any], **changes: Any) -> None:
    value["shards"][0]["chunks"][1] |= changes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: value.update(dtype="<u4"), "dtype <u4 and eos 0 do not fit a vocabulary of 1000"),
        (lambda value: value.update(vocab_size=70_000), "dtype <u2 and eos 0 do not fit a vocabulary of 70000"),
        (lambda value: value.update(eos=1000), "eos 1000 do not fit"),
        (lambda value: shard_with(value, path="../shard-000000.tar"), "'../shard-000000.tar' is no name of a tar"),
        (lambda value: shard_with(value, path="/etc/x.tar"), "'/etc/x.tar' is no name of a tar"),
        (lambda value: shard_with(value, path="shard-000001.tar"), "two shards of one name"),
        (lambda value: shard_with(value, bytes=600), "its chunks take .* it has 600"),
        (lambda value: chunk_with(value, offset=0), "chunk 000000-0001 lies outside its bytes"),
        (lambda value: chunk_with(value, tokens=10**9), "chunk 000000-0001 lies outside its bytes"),
        (lambda value: chunk_with(value, docs_offset=-8), "chunk 000000-0001 lies outside its bytes"),
        (lambda value: chunk_with(value, json_bytes=10**6), "chunk 000000-0001 lies outside its bytes"),
        (lambda value: chunk_with(value, documents=0), "chunk 000000-0001 lies outside its bytes"),
    ],
)
def test_an_index_that_leads_out_of_its_tars_is_refused(folder: Path, change: Any, said: str) -> None:
    value = json.loads((folder / "index.json").read_bytes())
    change(value)
    (folder / "index.json").write_bytes(canonical_json(value))
    with pytest.raises(ValueError, match=said):
        ShardSet(folder)


@pytest.mark.parametrize("wrong", [-1, 1000, 65_536, 2**40])
def test_ids_outside_the_vocabulary_are_not_stored(wrong: int) -> None:
    assert convert_to_tokens(np.array([999, 0]), VOCABULARY).tolist() == [999, 0]
    with pytest.raises(ValueError, match=f"token id {wrong} lies outside the vocabulary of 1000"):
        convert_to_tokens(np.array([0, wrong]), VOCABULARY)


def test_the_index_survives_its_bytes(folder: Path) -> None:
    index = ShardSet(folder).index
    assert Index.from_bytes(index.to_bytes(), where="here") == index
    changed = json.loads(index.to_bytes()) | {"tokenizer": "8" * 64}
    (folder / "index.json").write_bytes(canonical_json(changed))
    assert ShardSet(folder).fingerprint != sha256(index.to_bytes())


@pytest.mark.parametrize(("size", "dtype"), [(257, "<u2"), (65_536, "<u2"), (65_537, "<u4"), (200_000, "<u4")])
def test_the_type_holds_the_largest_id(size: int, dtype: str) -> None:
    assert token_dtype(size) == np.dtype(dtype)
    assert np.iinfo(token_dtype(size)).max >= size - 1


def test_large_vocabularies_are_stored_and_read_in_four_bytes(tmp_path: Path) -> None:
    tokens = np.array([70_000, 3, 99_999, 0], dtype="<u4")
    chunks = [("a", [Document(doc_id=bytes(16), tokens=tokens)])]
    shard = write_shard(tmp_path / "shard-000000.tar", chunks, TOKENIZER)
    index = Index(dtype="<u4", vocab_size=100_000, eos=0, tokenizer=TOKENIZER, shards=(shard,))
    (tmp_path / "index.json").write_bytes(index.to_bytes())
    assert ShardSet(tmp_path).tokens(0, 4).tolist() == tokens.tolist()
