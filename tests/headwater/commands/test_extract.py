"""`headwater extract`: a line a page, whatever the others are like, and at once."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest
from crawls import CHINESE, html, prose, request, response

from corpus.archive.pages import MAX_HTML
from corpus.extract.config import Extractor
from headwater.cli import main
from headwater.commands.extract import EXTRACTORS

ENGLISH = prose("json")


def extract(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, list[dict[str, Any]], str]:
    """(exit code, lines, what stderr says)."""
    code = main(["extract", *map(str, argv)])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.html").write_bytes(html("JSON", ENGLISH))
    (tmp_path / "below" / "b.HTM").write_bytes(html("长江", CHINESE).decode().encode("gb18030"))
    (tmp_path / "notes.txt").write_text("no page")
    return tmp_path


def test_a_line_a_page_with_title_language_and_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, [line], err = extract(capsys, folder / "a.html")
    assert code == 0 and not err
    assert line["path"] == str(folder / "a.html") and line["title"] == "JSON" and line["language"] == "en"
    assert "JavaScript Object Notation" in line["text"] and line["charset"] == "utf-8"


def test_structure_and_roles_are_shown_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.html"
    text = "".join(f"<p>{ENGLISH[start : start + 400]}</p>" for start in (0, 400, 800))
    page.write_text(f"<nav>Menu</nav><article><h1>JSON</h1>{text}<pre>if x:\n    y()</pre>{text}</article>")
    code, [line], _ = extract(capsys, page, "--format", "markdown", "--no-comments", "--roles")
    assert code == 0 and "```\nif x:\n    y()\n```" in line["text"]
    roles = {block["text"]: (block["role"], block["kept"]) for block in line["blocks"]}
    assert roles["if x:\n    y()"] == ("code", True) and roles["Menu"] == ("navigation", False)


def test_a_folder_is_its_html_files_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, _ = extract(capsys, f"{folder}/")
    assert code == 0
    assert [line["path"] for line in lines] == [f"{folder}/a.html", f"{folder}/below/b.HTM"]
    assert (lines[1]["language"], lines[1]["charset"]) == ("zh", "gb18030") and CHINESE[:20] in lines[1]["text"]


def test_a_warc_file_gives_each_page_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (
        response("https://a.example/", html("a", ENGLISH)),
        response("https://b.example/", html("b", CHINESE)),
    )
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(request("https://a.example/") + first + second + second[: len(second) // 2])
    code, lines, _ = extract(capsys, path)
    start = len(request("https://a.example/"))
    assert code == 1  # for the record that is cut off
    assert [(line["offset"], line.get("url")) for line in lines[:2]] == [
        (start, "https://a.example/"),
        (start + len(first), "https://b.example/"),
    ]
    assert [line.get("language") for line in lines[:2]] == ["en", "zh"] and lines[2]["error"] == "truncated"


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(html("piped", ENGLISH))))
    code, [line], _ = extract(capsys, "-")
    assert (code, line["path"], line["title"]) == (0, "-", "piped")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_body"),
        (b"\x7fELF\x02\x01", "not_html"),
        (b"<html><body></body></html>", "no_text"),
        (b"<p>" + b"x" * MAX_HTML, "too_large"),
    ],
)
def test_a_page_that_cannot_be_extracted_costs_that_page(
    folder: Path, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a-bad.html").write_bytes(content)
    code, lines, _ = extract(capsys, folder)
    assert code == 1
    assert lines[0] == {"path": f"{folder}/a-bad.html", "error": reason}
    assert [line["title"] for line in lines[1:]] == ["JSON", "长江"]


def test_what_is_not_there_is_named_and_the_rest_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "packed.warc.gz").write_bytes(gzip.compress(html("packed", ENGLISH)))
    (folder / "picture.dat").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "empty").mkdir()
    code, [line], err = extract(
        capsys, *(folder / name for name in ("gone.html", "packed.warc.gz", "picture.dat", "empty", "a.html"))
    )
    assert code == 1 and line["title"] == "JSON"
    assert f"error: {folder}/gone.html: it does not exist" in err
    assert f"error: {folder}/packed.warc.gz: it begins with gzip of " in err
    assert f"error: {folder}/picture.dat: it is a PNG picture, not text" in err
    assert f"error: {folder}/empty: no file in this folder ends in .html" in err


def test_the_extractor_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert get_args(Extractor) == EXTRACTORS
    code, [line], _ = extract(capsys, folder / "a.html", "--extractor", "trafilatura")
    assert code == 0 and line["extractor"] == "trafilatura"


def test_no_page_reaches_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a\x1b]0;owned\x07.html"
    path.write_bytes(html("\x1b[2J \x9b2J", ENGLISH + "\x1b[31m \u202e"))
    assert main(["extract", str(path), str(tmp_path / "\x1b[2J")]) == 1
    said = capsys.readouterr()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said.out + said.err)
    assert json.loads(said.out)["path"] == str(path)


def test_it_starts_without_what_it_does_not_need(folder: Path) -> None:
    code = (
        "import sys; from headwater.cli import main; assert main(sys.argv[1:]) == 0; "
        "heavy = {'dagster', 'apache_beam', 'torch', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, "extract", str(folder / "a.html")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env={"LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == "JSON"


def test_a_compressed_html_file_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "packed.html.gz").write_bytes(gzip.compress(html("packed", ENGLISH)))
    code, [line], _ = extract(capsys, folder / "packed.html.gz")
    assert code == 0 and line["title"] == "packed"


def test_the_pages_of_an_archive_are_read_and_what_else_is_in_it_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/one.html", html("one", ENGLISH))
        archive.writestr("two.warc.gz", response("https://a.example/", html("two", ENGLISH)))
        archive.writestr("logo.png", b"\x89PNG\r\n")
    code, lines, err = extract(capsys, path)
    assert code == 0 and [line["title"] for line in lines] == ["one", "two"]
    assert [line["path"] for line in lines] == [f"{path}/a/one.html", f"{path}/two.warc.gz"]
    assert f"note: {path}/logo.png: not read: it is a PNG picture" in err
    path.write_bytes(path.read_bytes()[:-30])
    code, [line], _ = extract(capsys, path)
    assert code == 1 and line["error"] == "damaged_archive" and "cut off" in line["detail"]
