"""The pages: a list, one document with all that is known of it, marks, and what strangers wrote shown as text."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from corpus.lake.manifest import sha256
from corpus.lake.store import Lake
from headwater.viewing.app import Viewer
from headwater.viewing.labels import labels_path, read_labels

MakeClient = Callable[[Viewer], TestClient]


@pytest.fixture
def ids(viewer: Viewer) -> dict[str, str]:
    """URL -> doc_id."""
    catalog = viewer.catalog
    return {
        url: doc_id.hex() for url, doc_id in zip(catalog.urls.to_pylist(), catalog.doc_ids.to_pylist(), strict=True)
    }


@pytest.fixture(scope="session")
def hostile(hostile_lake: Lake, make_client: MakeClient) -> TestClient:
    return make_client(Viewer(hostile_lake))


def text_of(answer_text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer_text)).split())


def test_a_list_leads_to_each_document_page_by_page(client: TestClient, viewer: Viewer) -> None:
    first = client.get("/")
    assert first.status_code == 200 and first.headers["content-type"].startswith("text/html")
    found, path = [], "/"
    while path:
        page = client.get(path).text
        found += re.findall(r'<h3><a href="/document/([0-9a-f]{32})\?', page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        path = html.unescape(following[1]) if following else ""
    [documents] = viewer.lake.datasets("documents")
    assert len(found) == len(set(found)) == documents.counts.kept
    assert f"{len(found)} found, 1 to 20" in text_of(first.text)


def test_what_was_asked_stays_in_the_form_and_on_the_way(client: TestClient) -> None:
    page = client.get("/", params={"words": 'module "of the"', "outcome": "train", "place": "site.example"}).text
    assert 'value="module &#34;of the&#34;"' in page and '<option value="train" selected>' in page
    link = re.search(r'<h3><a href="([^"]*)"', page)
    assert link is not None
    document = client.get(html.unescape(link[1])).text
    back = re.search(r'href="([^"]*)">Back to the list', document)
    assert back is not None and "outcome=train" in back[1] and "page=1" in back[1]
    following = re.search(r'rel="next" href="([^"]*)"', document)
    assert following is not None
    second = re.findall(r'<h3><a href="([^"]*)"', page)[1]
    assert following[1] == second


def test_words_that_cannot_be_parsed_are_said_so(client: TestClient) -> None:
    answer = client.get("/", params={"words": '"unclosed'})
    assert answer.status_code == 400 and "cannot be parsed as a query" in text_of(answer.text)


def test_a_dropped_document_shows_the_rule_its_value_and_bound(client: TestClient, ids: dict[str, str]) -> None:
    page = client.get(f"/document/{ids['https://site.example/short']}").text
    row = re.search(r'<tr class="broken">\s*<th scope="row">gopher_words</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None
    assert text_of(row[1]).startswith("5 50 1,000,000 broken words")
    said = text_of(page)
    assert "dropped by clean: gopher_words" in said and "Too short to keep." in said
    assert "removed, gopher_words 5 (bound 50)" in said
    assert "not for this language" not in said and "mojibake" in said


def test_a_rule_that_does_not_hold_for_a_language_is_said_so(client: TestClient, ids: dict[str, str]) -> None:
    page = client.get(f"/document/{ids['https://ja.example/']}").text
    row = re.search(r'<th scope="row">gopher_mean_word_length</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None and "not for this language" in row[1]


def test_a_duplicate_stands_beside_its_keeper_and_the_keeper_lists_it(
    client: TestClient, viewer: Viewer, ids: dict[str, str]
) -> None:
    row = int(viewer.catalog.rules["near_duplicate"][0])
    doc_id, keeper = (viewer.catalog.doc_ids[one].as_py().hex() for one in (row, viewer.catalog.keepers[row]))
    page = client.get(f"/document/{doc_id}").text
    assert f'href="/document/{keeper}"' in page
    assert re.search(r"<(del|ins)>[^<]*Tuesday", page), "one of the two has a sentence more"
    assert "near_duplicate, similarity 0.9" in text_of(page)
    assert f'href="/document/{doc_id}"' in client.get(f"/document/{keeper}").text


def test_a_trained_document_leads_to_its_steps(client: TestClient, viewer: Viewer) -> None:
    row = int(viewer.catalog.outcome.among(["train"]).nonzero()[0][0])
    said = text_of(client.get(f"/document/{viewer.catalog.doc_ids[row].as_py().hex()}").text)
    assert "kept, to train on" in said and "read again: the same" in said
    assert re.search(r"split [0-9a-f]{12} \(.*?\): kept as train", said)
    assert re.search(r"checkpoint [0-9a-f]{12} read it in \d+ of \d+ steps", said)
    assert said.endswith("Provenance, not influence.")


def test_blocks_have_roles_and_what_was_cut_is_marked(hostile: TestClient) -> None:
    page = hostile.get("/?place=hostile.example").text
    link = re.search(r'<h3><a href="([^"]*)"', page)
    assert link is not None
    document = hostile.get(html.unescape(link[1])).text
    blocks = re.findall(r'<li><span class="tag">(.*?)</span> (<del|<span) dir="auto">(.*?)<', document)
    assert ("title", "<span") in {(role, element) for role, element, _ in blocks}
    assert any(element == "<del" and role.endswith(", cut") for role, element, _ in blocks)
    assert all((element == "<del") == role.endswith(", cut") for role, element, _ in blocks)


def test_masked_data_is_marked(hostile: TestClient) -> None:
    page = hostile.get("/?place=site.example/mail").text
    assert "someone@site.example" not in text_of(page) and "<EMAIL>" in text_of(page)
    link = re.search(r'<h3><a href="([^"]*)"', page)
    assert link is not None
    assert ">&lt;EMAIL&gt;</mark>" in hostile.get(html.unescape(link[1])).text


def test_what_a_page_wrote_is_text_everywhere(hostile: TestClient) -> None:
    listed = hostile.get("/", params={"rule": "gopher_words"}).text
    [link] = re.findall(r'<h3><a href="([^"]*)"', listed)
    hostile.post(html.unescape(link), data={"mark": "keep", "note": "<script>flipped=1</script>\u202e"})
    for page in (listed, hostile.get(html.unescape(link)).text, hostile.get("/labels?rules=base").text):
        assert "<script" not in page
        assert not set(page) & {chr(code) for code in (*range(9), *range(14, 32), *range(127, 160), 0x202E)}
    assert "&lt;script&gt;" in hostile.get(html.unescape(link)).text


def test_a_crawled_page_is_framed_without_rights(client: TestClient, ids: dict[str, str]) -> None:
    doc_id = ids["https://site.example/short"]
    assert f'<iframe sandbox="" src="/document/{doc_id}/page"' in client.get(f"/document/{doc_id}").text
    page = client.get(f"/document/{doc_id}/page")
    assert "Too short to keep." in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and policy.endswith("; sandbox") and "frame-ancestors 'self'" in policy
    assert page.headers["x-frame-options"] == "SAMEORIGIN"


def test_what_became_no_document(client: TestClient, ids: dict[str, str]) -> None:
    page = client.get(f"/document/{ids['https://site.example/gone']}")
    assert page.status_code == 200 and "The record is no page: http_status 404." in text_of(page.text)
    assert client.get(f"/document/{ids['https://site.example/gone']}/page").status_code == 422


@pytest.mark.parametrize("path", ["/document/0123", f"/document/{'0' * 32}", f"/document/{'0' * 32}/page", "/nowhere"])
def test_what_there_is_not(path: str, client: TestClient) -> None:
    assert client.get(path).status_code == 404
    if path.startswith("/document/") and not path.endswith("/page"):
        assert client.post(path, data={"mark": "keep"}).status_code == 404


def test_marks_are_written_shown_compared_and_removed_and_nothing_else_changes(
    client: TestClient, viewer: Viewer, ids: dict[str, str]
) -> None:
    def contents() -> dict[str, str]:
        root = Path(viewer.lake.root)
        files = (file for file in root.rglob("*") if file.is_file() and "cache" not in file.parts)
        return {str(file.relative_to(root)): sha256(file.read_bytes()) for file in files}

    before = contents()
    short, kept = ids["https://site.example/short"], ids["https://site.example/json"]
    for doc_id, mark, note in ((short, "drop", " too short "), (kept, "drop", "")):
        answer = client.post(f"/document/{doc_id}?at=0", data={"mark": mark, "note": note}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/document/{doc_id}?at=0")
    labels = read_labels(viewer.lake)
    assert {label.doc_id: label.mark for label in labels.values()} == {short: "drop", kept: "drop"}
    assert labels[short].note == "too short" and labels[short].url == "https://site.example/short"
    assert labels[short].time is not None and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels[short].time)
    assert "Your mark: drop" in text_of(client.get(f"/document/{short}").text)
    assert "2 found" in text_of(client.get("/?mark=drop").text)
    said = text_of(client.get("/labels").text)
    assert "1.000, 95 % interval 0.207 to 1.000 (1 of 1)" in said and "(1 of 2)" in said
    assert "marked drop : https://site.example/json ; no rule drops it" in said
    for doc_id in (short, kept):
        client.post(f"/document/{doc_id}", data={"mark": "none"})
    assert read_labels(viewer.lake) == {}
    Path(labels_path(viewer.lake)).unlink()
    assert contents() == before


@pytest.mark.parametrize(
    "data", [{}, {"mark": "maybe"}, {"mark": "keep", "note": "x" * 1_001}, {"mark": "keep", "note": "x" * 20_000}]
)
def test_a_mark_that_cannot_be_is_refused(
    data: dict[str, str], client: TestClient, viewer: Viewer, ids: dict[str, str]
) -> None:
    answer = client.post(f"/document/{ids['https://site.example/short']}", data=data)
    assert answer.status_code == (413 if len(data.get("note", "")) > 10_000 else 400)
    assert read_labels(viewer.lake) == {}


def test_a_damaged_file_is_named(graph_lake: Path, tmp_path: Path, make_client: MakeClient) -> None:
    from headwater.lakes import open_lake

    lake = open_lake(str(shutil.copytree(graph_lake, tmp_path / "lake")))
    damaged = make_client(Viewer(lake))
    [measures] = lake.datasets("measures")
    path = Path(lake.folder(measures)) / measures.files[0].path
    path.write_bytes(path.read_bytes()[:-9])
    link = re.search(r'<h3><a href="([^"]*)"', damaged.get("/").text)
    assert link is not None
    answer = damaged.get(html.unescape(link[1]))
    assert answer.status_code == 500 and str(path) in text_of(answer.text) and "headwater verify" in answer.text
