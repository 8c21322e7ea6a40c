"""`headwater view`: one URL with a token, a busy port refused, an end at Ctrl-C; and `headwater labels`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from headwater.cli import main
from headwater.interrupts import STOPPED
from headwater.lakes import open_lake
from headwater.viewing.labels import Label, set_label

ROOT = Path(__file__).parents[3]


def test_a_busy_port_is_refused_and_a_free_one_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert main(["view", "--lake", str(tmp_path), "--port", str(port)]) == 1
    assert f"--port {port} is in use on 127.0.0.1: give a free one, such as --port " in capsys.readouterr().err


def test_a_lake_that_is_not_there_or_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, message in ((tmp_path / "none", "there is no lake at"), (tmp_path, "has no documents yet")):
        assert main(["view", "--lake", str(folder), "--port", str(_free_port())]) == 1
        printed = capsys.readouterr()
        assert message in printed.err and printed.out == ""


@pytest.mark.parametrize(
    ("end", "status", "message"), [(signal.SIGINT, 130, f"{STOPPED}\n"), (signal.SIGTERM, 143, "")]
)
def test_it_prints_its_url_answers_who_has_it_and_ends(
    end: signal.Signals, status: int, message: str, graph_lake: Path, tmp_path: Path
) -> None:
    lake = shutil.copytree(graph_lake, tmp_path / "lake")
    command = [sys.executable, "-m", "headwater", "view", "--lake", str(lake), "--port", str(_free_port())]
    process = subprocess.Popen(
        [*command, "--json", "--quiet"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("http://127.0.0.1:") and len(url.partition("?token=")[2]) > 40
        with urllib.request.urlopen(url, timeout=60) as answer:
            assert answer.status == 200 and "HttpOnly" in answer.headers["set-cookie"]
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(url.partition("?")[0], timeout=60)
        refused.value.close()
        os.kill(process.pid, end)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (stdout, stderr, process.returncode) == ("", message, status)


def test_labels_prints_how_rules_agree(graph_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = str(shutil.copytree(graph_lake, tmp_path / "lake"))
    assert main(["labels", "--lake", url]) == 1
    assert "no document is marked in" in capsys.readouterr().err
    lake = open_lake(url)
    [clean] = lake.datasets("clean")
    [dropped, *_], [kept, *_] = (
        [doc_id.hex() for doc_id in next(lake.read(clean, kind, ["doc_id"]))["doc_id"].to_pylist()]
        for kind in ("ledger", "documents")
    )
    set_label(lake, Label(doc_id=dropped, mark="keep", url="https://a.example/\x1b[2J"))
    set_label(lake, Label(doc_id=kept, mark="drop", note="a list of links"))
    assert main(["labels", "--lake", url]) == 0
    said = capsys.readouterr().out
    assert "base: 2 of 2 labels judged" in said and "[a list of links]" in said
    assert f"marked keep: {dropped}  https://a.example/\\x1b[2J  " in said
    assert main(["labels", "base", "documentation", "--lake", url, "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["recipe"] for one in found] == ["base", "documentation"]
    assert (found[0]["dropped_wrongly"], found[0]["kept_wrongly"], found[0]["precision"]["value"]) == (1, 1, 0.0)
    assert {one["label"]["doc_id"] for one in found[0]["disagreements"]} == {dropped, kept}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
