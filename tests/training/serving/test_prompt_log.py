"""Prompts are written down only where that is wanted, for the owner's eyes, whole, and not for ever; they are the items
of a task."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from served_models import CONTEXT, RunningServer, start_server, wait_until

from training.evaluation.catalog import TASKS
from training.evaluation.items import load_items
from training.serving.prompt_log import PromptLog

MAX_BYTES = 1 << 20
Start = Callable[[PromptLog], AbstractContextManager[RunningServer]]


@pytest.fixture
def start(served_folder: Path) -> Start:
    return partial(start_server, served_folder, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "asked.jsonl"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_was_asked_and_answered_is_written_once_it_is_whole(start: Start, path: Path) -> None:
    """As it is, with the model that answered; not what was refused, nor what nobody waited for."""
    mask = os.umask(0)
    try:
        log = PromptLog(path, MAX_BYTES)
    finally:
        os.umask(mask)
    with start(log) as server:
        whole = server.post(prompt=["The module", "Ein Wörterbuch"], n=2, max_tokens=6, seed=1).json()["choices"]
        messages = [{"role": "user", "content": "Good morning."}]
        said = server.post("chat/completions", messages=messages, max_tokens=6, seed=2).json()["choices"][0]["message"]
        ids = server.service.served.texts.encode("a list")
        assert server.post(prompt=ids, max_tokens=3, stream=True).status_code == 200
        assert server.post(prompt="refused", max_tokens=-1).status_code == 422
        with server.client.stream(
            "POST", "/v1/completions", json={"prompt": "left", "max_tokens": CONTEXT - 100, "stream": True}
        ) as streamed:
            next(streamed.iter_lines())
        wait_until(lambda: server.service.idle)
        assert server.client.get("/v1/models").json()["data"][0]["prompts_logged"] is True
    found, texts = rows(path), [choice["text"] for choice in whole]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [row["answers"] for row in found[:3]] == [texts[:2], texts[2:], [said["content"]]]
    assert [row.get("prompt") for row in found] == ["The module", "Ein Wörterbuch", None, "a list"]
    assert found[2]["messages"] == messages
    assert {row["model"] for row in found} == {server.service.served.digest}


def test_without_it_nobody_is_told_so(server: RunningServer) -> None:
    assert server.client.get("/v1/models").json()["data"][0]["prompts_logged"] is False


def test_a_file_that_others_can_read_is_refused(path: Path, tmp_path: Path) -> None:
    path.touch(mode=0o600)
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(ValueError, match="would show what people ask to others: `chmod 600` it"):
            PromptLog(path, MAX_BYTES)
    path.chmod(0o600)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="symbolic links"):
        PromptLog(tmp_path / "link", MAX_BYTES)
    assert path.read_bytes() == b""


def test_it_goes_on_in_a_file_and_ends_when_that_is_full(path: Path) -> None:
    """Whole lines alone."""
    for _ in range(2):
        PromptLog(path, MAX_BYTES).write({"prompt": "a"}, ["b"])
    size = path.stat().st_size
    log = PromptLog(path, size + size // 2)
    for prompt in ("a longer one " * 9, "a"):
        log.write({"prompt": prompt}, ["c"])
    log.write({"prompt": "a"}, ["c"])
    assert rows(path) == [{"prompt": "a", "answers": ["b"]}] * 2 and log.full


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[: len(line) // 2]))
    yield


def test_a_full_disk_leaves_whole_lines(path: Path, full_disk: None) -> None:
    log = PromptLog(path, MAX_BYTES)
    log.write({"prompt": "a"}, ["b"])
    assert path.read_bytes() == b"" and log.full


def test_items_are_what_people_typed_last_and_equal_ones_are_one_cluster(path: Path) -> None:
    turns = [("system", "Be brief."), ("user", "The module"), ("assistant", "Which?"), ("user", "The list")]
    written = [
        {"prompt": "The list", "answers": ["a"]},
        {"prompt": "", "answers": ["a"]},
        {"messages": [{"role": role, "content": text} for role, text in turns], "answers": ["b"]},
        {"messages": [{"role": "system", "content": "Begin."}], "answers": ["c"]},
        {"prompt": "Another", "answers": ["d"]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in written))
    items = load_items(TASKS["prompts"], path)
    assert [doc["text"] for doc in items.docs] == ["The list", "The list", "Another"]
    clusters = [doc["cluster"] for doc in items.docs]
    assert clusters[0] == clusters[1] != clusters[2] and items.repeated == 1
    path.write_text('{"text": "no log"}\n')
    with pytest.raises(ValueError, match="is not laid out as it should be"):
        load_items(TASKS["prompts"], path)
