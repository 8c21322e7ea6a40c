"""Documents by each thing that can be asked for, compared with what the lake's own tables say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headwater.lake_reader import LakeReader
from headwater.viewing.app import Viewer
from headwater.viewing.document_search import Query
from headwater.viewing.labels import Label

Ids = set[str]


@pytest.fixture
def find(viewer: Viewer) -> Callable[..., Ids]:
    def find_ids(labels: dict[str, Label] | None = None, **asked: str) -> Ids:
        rows = viewer.search.find(Query(**asked), labels or {}).tolist()
        found = [viewer.catalog.doc_ids[row].as_py().hex() for row in rows]
        assert len(found) == len(set(found))
        return set(found)

    return find_ids


@pytest.fixture
def rows(viewer: Viewer) -> Callable[..., list[dict[str, Any]]]:
    """The rows of a stage's documents, or of its ledger."""
    reader = LakeReader(viewer.lake.url)

    def read(stage: str, *, ledger: bool = False) -> list[dict[str, Any]]:
        found = reader.ledger(stage) if ledger else reader.documents(stage)
        return [{**row, "id": row["doc_id"].hex()} for row in found.to_pylist()]

    return read


def test_every_document_and_every_record(find: Callable[..., Ids], rows: Callable[..., Any]) -> None:
    documents = {row["id"] for row in rows("documents")}
    assert find() == documents
    assert find(outcome="record") == documents | {row["id"] for row in rows("documents", ledger=True)}
    assert find(outcome="no document") == {row["id"] for row in rows("documents", ledger=True)}


def test_by_outcome(find: Callable[..., Ids], rows: Callable[..., Any]) -> None:
    assert find(outcome="kept") == {row["id"] for row in rows("split")}
    assert find(outcome="train") | find(outcome="heldout") == find(outcome="kept")
    assert find(outcome="duplicate") == {row["id"] for row in rows("unique", ledger=True)}
    assert find(outcome="clean") == {row["id"] for row in rows("clean", ledger=True)}
    assert find(outcome="dropped") == find() - find(outcome="kept")


def test_by_rule_and_reason(find: Callable[..., Ids], rows: Callable[..., Any]) -> None:
    lost = rows("clean", ledger=True)
    for rule in {rule["rule"] for row in lost for rule in row["rules"]}:
        assert find(rule=rule) == {row["id"] for row in lost if rule in [one["rule"] for one in row["rules"]]}
    near = {row["id"] for row in rows("unique", ledger=True) if row["reason"] == "near_duplicate"}
    assert near and find(rule="near_duplicate") == near
    assert find(rule="no such rule") == set()


def test_by_host_and_part_of_a_url(find: Callable[..., Ids], rows: Callable[..., Any]) -> None:
    documents = rows("documents")
    for place in ("site.example", "www.SITE.example", " site.example "):
        assert find(place=place) == {row["id"] for row in documents if row["host"] == "site.example"}
    assert find(place="example") == find()  # the hosts below it
    assert find(place="ite.example") == set()
    assert find(place="/JSON/") == {row["id"] for row in documents if "/json/" in row["url"]}
    assert find(place="site.example/short") == {row["id"] for row in documents if "site.example/short" in row["url"]}


def test_by_language(find: Callable[..., Ids], rows: Callable[..., Any]) -> None:
    by_url = {row["url"]: row["id"] for row in rows("documents")}
    assert find(language="ja") == {by_url["https://ja.example/"]}
    assert {by_url["https://zh.example/"], by_url["https://gbk.example/"]} <= find(language="zh")


def test_by_words_the_best_first_with_other_conditions(
    viewer: Viewer, find: Callable[..., Ids], rows: Callable[..., Any]
) -> None:
    assert find(words="黄河") == {row["id"] for row in rows("documents") if "黄河" in row["text"]}
    assert find(words='"Too short to keep"', rule="gopher_words") == find(words='"Too short to keep"')
    holding = {row["id"] for row in rows("documents") if "module" in row["text"].lower().split()}
    assert holding <= find(words="module")
    assert find(words="module", outcome="duplicate") == find(words="module") & find(outcome="duplicate")
    found = viewer.search.find(Query(words="json decoder"), {}).tolist()
    assert viewer.search.show(found[:1], "json decoder")[0].url in (
        "https://site.example/json",
        "https://site.example/json/copy",
        "https://site.example/json/near",
    )
    with pytest.raises(ValueError, match="cannot be parsed"):
        find(words='"unclosed')


def test_by_mark(find: Callable[..., Ids]) -> None:
    one, two, *others = sorted(find())
    labels = {doc_id: Label(doc_id=doc_id, mark=mark) for doc_id, mark in ((one, "keep"), (two, "drop"))}
    assert find(labels, mark="keep") == {one} and find(labels, mark="drop") == {two}
    assert find(labels, mark="marked") == {one, two}
    assert find(labels, mark="unmarked") == set(others)


def test_what_is_listed(viewer: Viewer, find: Callable[..., Ids]) -> None:
    found = viewer.search.find(Query(place="site.example/short"), {}).tolist()
    [short] = viewer.search.show(found)
    assert (short.title, short.outcome, short.reason) == ("short", "clean", "gopher_words")
    assert "Too short to keep." in short.excerpt
    gone = viewer.search.show(viewer.search.find(Query(place="/gone", outcome="record"), {}).tolist())
    assert [(one.title, one.excerpt, one.reason) for one in gone] == [("", "", "http_status")]
    [german] = viewer.search.show(viewer.search.find(Query(words="Schneeschmelze"), {}).tolist(), "Schneeschmelze")
    assert "Schneeschmelze" in german.excerpt
