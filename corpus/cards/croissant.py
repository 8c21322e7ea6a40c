"""Croissant: JSON-LD that says of a dataset which files it has, with their digests, and what a record in them is.

Source: Croissant Format Specification 1.0, MLCommons (docs.mlcommons.org/croissant), and its vocabulary for responsible
AI. The context is the one that the specification gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from corpus.cards.columns import describe_columns
from corpus.cards.facts import SHORT, Facts, fates, name_of
from corpus.lake.manifest import FileEntry, Manifest
from corpus.lake.parquet import read_schema
from corpus.lake.stages import SHARDS, SPLIT
from corpus.lake.store import Lake

CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
# Terms of Croissant's own vocabulary; those whose values are JSON or names have a type beside.
_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in _TERMS},
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
LICENSE = "unknown: the texts belong to those who wrote them"
PARQUET, TAR, JSON = "application/x-parquet", "application/x-tar", "application/json"
SPLITS = ("train", "heldout")

Node = dict[str, Any]


def describe_split(lake: Lake, facts: Facts) -> Node:
    """Of a dataset of the stage `split`: a record set of its training documents and one of the held-out ones, each
    record with the place in the crawl that it came from."""
    files = {kind: facts.manifest.of_kind(kind) for kind in SPLITS}
    distribution = [_file(entry, PARQUET) for kind in SPLITS for entry in files[kind]]
    records = []
    for kind, entries in files.items():
        distribution.append(_file_set(f"{kind}-files", PARQUET, [entry.path for entry in entries], f"all of {kind}/"))
        records.append(_documents(kind, f"{kind}-files", _schema(lake, facts.manifest, entries[0])))
    what = "Texts, filtered and deduplicated, each with the record of the crawl that it came from."
    return _dataset(facts, what, distribution, records)


def describe_shards(lake: Lake, facts: Facts) -> Node:
    """Of a dataset of the stage `shards`: a record set of the samples in the tars, whose documents are named by
    `doc_id`, and one of these documents, with their places in the crawl, in the Parquet files of the stage `split`."""
    tars = [entry for entry in facts.manifest.files if entry.path.endswith(".tar")]
    others = [entry for kind in SPLITS for entry in facts.manifest.of_kind(kind) if entry not in tars]
    distribution = [*(_file(entry, TAR) for entry in tars), *(_file(entry, JSON) for entry in others)]
    records = []
    for kind in SPLITS:
        holders = [entry.path for entry in tars if entry.kind == kind]
        for member, media, text in _MEMBERS:
            distribution.append(_file_set(f"{kind}-{member}", media, [f"*.{member}"], text, holders))
        records.append(_samples(kind))
    split = facts.one_of_stage(SPLIT)
    if split is not None:
        folder = f"../../{split.stage}/{split.address}"
        for kind in SPLITS:
            entries = split.of_kind(kind)
            distribution += [_file(entry, PARQUET, folder) for entry in entries]
            paths = [f"{folder}/{entry.path}" for entry in entries]
            distribution.append(
                _file_set(f"{kind}-documents-files", PARQUET, ["*.parquet"], f"pages of {kind}/", paths)
            )
            records.append(_documents(f"{kind}-documents", f"{kind}-documents-files", _schema(lake, split, entries[0])))
    what = "Tokens in WebDataset tars, for training; each document with the record of the crawl that it came from."
    return _dataset(facts, what, distribution, records) | (
        {"isBasedOn": f"../../{split.stage}/{split.address}/croissant.json"} if split is not None else {}
    )


def to_bytes(node: Node) -> bytes:
    return json.dumps(node, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


_MEMBERS = (
    ("tokens.npy", "application/x-npy", "token ids of a sample: uint16, uint32 for a vocabulary above 65,536"),
    ("docs.npy", "application/x-npy", "int64: where each document of a sample starts in its tokens"),
    ("json", JSON, "doc_ids: those of the documents of a sample, in hexadecimal; tokenizer: SHA-256 of tokenizer.json"),
)


def _dataset(facts: Facts, what: str, distribution: list[Node], records: list[Node]) -> Node:
    manifest = facts.manifest
    masked = sorted({kind for clean in facts.of_stage("clean") for kind in clean.config.get("mask", ())})
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": name_of(manifest).replace("/", "-"),
        "description": f"{what} Made of the crawls {', '.join(manifest.partition.split('+'))}.",
        "conformsTo": CONFORMS_TO,
        "license": LICENSE,
        "url": f"urn:sha256:{manifest.digest}",
        "version": f"1.0.0+{manifest.digest[:SHORT]}",
        "citeAs": f"{name_of(manifest)}, manifest SHA-256 {manifest.digest}",
        "inLanguage": list(facts.languages),
        "keywords": ["web crawl", "text", "pre-training"],
        "rai:dataCollection": "Records of crawls. The manifests of `documents` say which opt-out signals were obeyed.",
        "rai:dataPreprocessingProtocol": [
            f"{stage} of {crawls}: {kept} of {records_in} records kept" + (f"; {lost}" if lost else "")
            for stage, crawls, records_in, kept, lost in fates(facts)
        ],
        "rai:personalSensitiveInformation": [
            f"masked where it was recognised: {', '.join(masked)}" if masked else "not masked",
            "what was not recognised is still there",
        ],
        "distribution": distribution,
        "recordSet": records,
    }


def _file(entry: FileEntry, media: str, folder: str = "") -> Node:
    path = f"{folder}/{entry.path}" if folder else entry.path
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": entry.path.replace("/", "-"),
        "contentUrl": path,
        "contentSize": f"{entry.bytes} B",
        "encodingFormat": media,
        "sha256": entry.sha256,
    }


def _file_set(name: str, media: str, includes: Sequence[str], text: str, holders: Sequence[str] = ()) -> Node:
    within = {"containedIn": [{"@id": path} for path in holders]} if holders else {}
    about = {"@type": "cr:FileSet", "@id": name, "name": name, "description": text, "encodingFormat": media}
    return {**about, **within, "includes": list(includes)}


def _schema(lake: Lake, manifest: Manifest, entry: FileEntry) -> pa.Schema:
    return read_schema(lake.fs, f"{lake.folder(manifest)}/{entry.path}")


def _documents(name: str, file_set: str, schema: pa.Schema) -> Node:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "A document a record; warc_file, warc_offset and warc_length lead back to the crawl.",
        "key": {"@id": f"{name}/doc_id"},
        "field": list(_fields(name, file_set, schema)),
    }


def _fields(record_set: str, file_set: str, schema: pa.Schema) -> Iterator[Node]:
    """One a column; the fields of a struct are its subfields."""
    outer: Node = {}
    for name, kind, text in describe_columns(schema):
        column, _, inner = name.partition(".")
        about = {
            "@type": "cr:Field",
            "@id": f"{record_set}/{name.replace('.', '/')}",
            "name": name,
            "description": text,
        }
        if pa.types.is_struct(kind):
            outer = {**about, "subField": []}
            yield outer
            continue
        source: Node = {"fileSet": {"@id": file_set}, "extract": {"column": column}}
        if inner:
            source["transform"] = {"jsonPath": inner}
        repeated = {"repeated": True} if pa.types.is_list(kind) else {}
        field = {**about, "dataType": _data_type(column, kind), **repeated, "source": source}
        if inner:
            outer["subField"].append(field)
        else:
            yield field


def _data_type(column: str, kind: pa.DataType) -> str:
    if column == "url":
        return "sc:URL"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:DateTime" if pa.types.is_timestamp(kind) else "sc:Text"


def _samples(kind: str) -> Node:
    name = f"{kind}-samples"
    source = {"fileSet": {"@id": f"{kind}-json"}}

    def field(key: str, text: str, extracted: Node) -> Node:
        about = {"@type": "cr:Field", "@id": f"{name}/{key}", "name": key, "description": text, "dataType": "sc:Text"}
        return {**about, "source": {**source, **extracted}}

    key = {"extract": {"fileProperty": "filename"}, "transform": {"regex": r"^(.*)\.json$"}}
    content = {"extract": {"fileProperty": "content"}}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "A sample a record: about a million tokens, whole documents one after another.",
        "key": {"@id": f"{name}/key"},
        "field": [
            field("key", "name of the sample's files in its tar, without their extensions", key),
            field("documents", "JSON whose doc_ids are those of the sample's documents, in their order", content),
        ],
    }


DESCRIBERS = {SPLIT: describe_split, SHARDS: describe_shards}
