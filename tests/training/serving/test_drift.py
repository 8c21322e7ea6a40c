"""What is asked beside what was learnt: distances on /metrics, measured without a trace of a prompt and without another
answer."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from served_models import NAME, RunningServer, start_server, wait_until
from small_corpus import Data
from start_models import write_start

from training.models.module import CausalModel
from training.serving.baseline import Baseline, make_baseline, read_baseline
from training.serving.drift import COMPARED, distance_by_chance, measure_distance
from training.serving.logs import LOGGER
from training.serving.prompt_bits import LENGTHS
from training.serving.rows import PIECE
from training.serving.served_model import load_served

CHINESE = "模型在训练之后回答人们的问题,而人们问的往往与它学过的不同"


@pytest.fixture(scope="module")
def paragraphs(data: Data) -> list[str]:
    """Of English, none like another, and long enough to tell their language."""
    found = {part for text in data.texts for part in text.split("\n\n") if 150 < len(part) < 1200}
    assert len(found) > 120
    return sorted(found)


@pytest.fixture(scope="module")
def baseline(served_folder: Path, paragraphs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    make_baseline(load_served(served_folder, NAME), paragraphs).write(path)
    return path


@pytest.fixture(scope="module")
def watched(served_folder: Path, baseline: Path) -> Iterator[RunningServer]:
    with start_server(served_folder, baseline, measured_share=1.0, compared_prompts=80) as running:
        yield running


def ask(server: RunningServer, prompts: list[str]) -> None:
    before = server.count("headwater_prompt_length_tokens_count")
    for start in range(0, len(prompts), 8):
        assert server.post(prompt=prompts[start : start + 8], max_tokens=1).status_code == 200
    wait_until(lambda: server.count("headwater_prompt_length_tokens_count") == before + len(prompts))


def figures(server: RunningServer, name: str) -> dict[str, float]:
    return {of: server.count(f'headwater_drift_{name}{{of="{of}"}}') for of in COMPARED}


def test_prompts_like_the_baseline_are_near_and_others_far(watched: RunningServer, paragraphs: list[str]) -> None:
    """First the texts themselves, by the window's length; then a window of others, in which nothing of them is left."""
    window = watched.service.config.compared_prompts
    ask(watched, paragraphs[:window])
    near, chance = figures(watched, "distance"), figures(watched, "distance_by_chance")
    assert all(near[of] < 1.5 * chance[of] for of in COMPARED)
    assert figures(watched, "prompts") == dict.fromkeys(COMPARED, window)
    ask(watched, [CHINESE] * window)
    far = figures(watched, "distance")
    assert far["language"] > 0.99 and all(far[of] > 3 * chance[of] for of in COMPARED)
    assert watched.count('headwater_drift_share{class="other",in="prompts",of="language"}') == 1
    assert watched.count('headwater_drift_share{class="en",in="baseline",of="language"}') > 0.9


def test_a_prompt_counts_once_and_what_is_refused_not_at_all(watched: RunningServer) -> None:
    before = watched.count("headwater_prompt_length_tokens_count")
    assert watched.post(prompt="a", max_tokens=-1).status_code == 422
    assert watched.post("chat/completions", messages=[{"role": "user", "content": "The list"}], n=4, max_tokens=2)
    ask(watched, ["The module"])
    wait_until(lambda: watched.count("headwater_prompt_length_tokens_count") == before + 2)


def test_answers_are_the_same_to_the_bit_when_prompts_are_measured(
    watched: RunningServer, served_folder: Path, paragraphs: list[str]
) -> None:
    asked = {"prompt": [max(paragraphs, key=len), "The"], "max_tokens": 12, "seed": 4, "logprobs": 3}
    with start_server(served_folder) as plain:
        expected = plain.post(**asked).json()
    assert watched.post(**asked).json()["choices"] == expected["choices"]


def test_nothing_of_a_prompt_is_in_the_log_the_metrics_or_the_baseline(
    watched: RunningServer, baseline: Path, paragraphs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what an error says of one."""
    secret, written = "xylophone", io.StringIO()

    def fail(ids: list[int]) -> str:
        raise ValueError(f"cannot decode {secret}")

    handler = LOGGER.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    try:
        ask(watched, [f"{secret} {secret} {secret} in a list of words"])
        monkeypatch.setattr(watched.service.drift, "_decode", fail)
        assert watched.post(prompt=secret, max_tokens=1).status_code == 200
        wait_until(lambda: '"drift"' in written.getvalue())
    finally:
        handler.setStream(before)
    assert secret not in written.getvalue() and "ValueError" in written.getvalue()
    assert secret not in watched.client.get("/metrics").text
    words = {word for text in paragraphs for word in text.split() if len(word) > 9}
    assert not any(word in baseline.read_text() for word in words - {"languages"})


def test_bits_per_byte_are_those_of_reading_at_once(served_folder: Path, paragraphs: list[str]) -> None:
    """Of the first tokens, of a text that the engine reads in several pieces."""
    served = load_served(served_folder, NAME)
    text = max(paragraphs, key=len)
    ids, found = served.texts.encode(text), make_baseline(served, [text] * 20).bits_per_byte
    assert isinstance(served.model, CausalModel) and len(ids) > PIECE
    assert list(found) == [length for length in LENGTHS if length < len(ids)]
    with torch.no_grad():
        predicted = served.model.logits(torch.tensor([ids]))[0].double().log_softmax(-1)
    nats = -predicted[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
    for length, parts in found.items():
        size = len(served.texts.decode(ids[1 : length + 1]).encode())
        assert parts.bounds[0] == pytest.approx(float(nats[:length].sum()) / np.log(2) / size, rel=1e-5)


def test_texts_that_begin_alike_are_no_drift(served_folder: Path, paragraphs: list[str]) -> None:
    """Their bits per byte are equal, so that parts of equal size are impossible."""
    texts = ["Home, about us, and a list of the words: " * 2 + text for text in paragraphs[:40]]
    made = make_baseline(load_served(served_folder, NAME), texts)
    alike = made.bits_per_byte[LENGTHS[0]]
    assert alike.shares[alike.find(alike.bounds[0])] == 1 and sum(alike.shares) == 1


def test_the_distance_by_chance_is_exceeded_once_in_twenty() -> None:
    """Of parts by length and of languages, of several sizes of baseline and window."""
    drawn, exceeded, tries = np.random.default_rng(0), 0, 0
    for texts, prompts, shares in (
        (100, 1000, [0.1] * 10),
        (500, 200, [0.1] * 10),
        (500, 1000, [0.9, 0.06, 0.03, 0.01]),
    ):
        for _ in range(400):
            expected, found = (drawn.multinomial(count, shares) / count for count in (texts, prompts))
            exceeded += measure_distance(found, expected) > distance_by_chance(len(shares), prompts, texts)
            tries += 1
    assert 0.02 < exceeded / tries < 0.1


def test_what_is_no_baseline_of_the_model(served_folder: Path, baseline: Path, tmp_path: Path) -> None:
    served = load_served(served_folder, NAME)
    assert isinstance(read_baseline(baseline, served), Baseline)
    (tmp_path / "another.json").write_text(json.dumps({**json.loads(baseline.read_text()), "model": "0" * 64}))
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "old.json").write_text('{"format": 0}')
    for name, message in (
        ("another.json", r"is of the model 0{16}, the one to serve is \w{16}; make another"),
        ("list.json", "is no baseline"),
        ("old.json", "its format is 0, not 1"),
    ):
        with pytest.raises(ValueError, match=message):
            read_baseline(tmp_path / name, served)
    with pytest.raises(ValueError, match="2 texts are too few"):
        make_baseline(served, ["a", "b"])


def test_an_encoder_is_asked_no_prompts(tmp_path: Path) -> None:
    encoder = load_served(write_start("bert", tmp_path), NAME)
    with pytest.raises(ValueError, match="small does not continue texts"):
        make_baseline(encoder, ["a"] * 20)
