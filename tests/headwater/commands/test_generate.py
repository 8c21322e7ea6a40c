"""`headwater generate` and `headwater chat`: prompts continued by a checkpoint of a lake or a Hugging Face model."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from graphs import Graph
from random_checkpoints import foreign_checkpoint
from small_corpus import Data

from headwater.cli import main
from training.inference.generate import load
from training.inference.sampling import Sampling


@pytest.fixture(scope="module")
def hugging_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hugging-face")
    foreign_checkpoint(Data(tmp_path_factory.mktemp("data")), folder, 32, "llama")
    return folder


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_the_latest_checkpoint_continues_a_prompt(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("generate", "--lake", graph.lake.url, "--prompt", "The module", "--max-tokens", "12")
    text = printed(capsys, *words)
    [manifest] = graph.lake.datasets("checkpoint")
    model = load(Path(graph.lake.folder(manifest), "model"))
    expected = model.complete("The module", max_tokens=12)
    assert len(expected) > 5
    assert text == f"The module{expected}\n"
    assert printed(capsys, *words) == text
    assert printed(capsys, *words, "--seed", "1") != text
    likeliest = model.complete("The module", max_tokens=12, sampling=Sampling(beams=3))
    assert printed(capsys, *words, "--beams", "3") == f"The module{likeliest}\n"


def test_json_has_an_object_for_each_prompt(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--lake", graph.lake.url, "--prompt", "A", "--prompt", "B", "--max-tokens", "5", "--json")
    objects = [json.loads(line) for line in printed(capsys, "generate", *words).splitlines()]
    assert [value["prompt"] for value in objects] == ["A", "B"]
    assert all(value["text"] for value in objects)


def test_a_prompt_of_stdin(graph: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("The queue"))
    words = ("--lake", graph.lake.url, "--max-tokens", "3", "--json")
    assert json.loads(printed(capsys, "generate", *words, "--prompt", "-"))["prompt"] == "The queue"


def test_a_hugging_face_folder(hugging_face: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also past its context of 32 tokens; greedy text and that of beams are what transformers itself finds."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    words = ("--checkpoint", str(hugging_face), "--prompt", "the river", "--temperature", "0")
    model, tokenizer = (cls.from_pretrained(hugging_face) for cls in (AutoModelForCausalLM, AutoTokenizer))
    ids = torch.tensor([tokenizer("the river")["input_ids"]])
    for flags, settings in (
        ((), {}),
        (("--repetition-penalty", "1.5"), {"repetition_penalty": 1.5}),
        (("--beams", "3"), {"num_beams": 3}),
    ):
        text = json.loads(printed(capsys, "generate", *words, "--max-tokens", "6", "--json", *flags))["text"]
        drawn = model.generate(ids, max_new_tokens=6, do_sample=False, pad_token_id=tokenizer.eos_token_id, **settings)
        assert text == tokenizer.decode(drawn[0, ids.shape[1] :], skip_special_tokens=True)
    long = ("--checkpoint", str(hugging_face), "--max-tokens", "99", "--prompt", "the river " * 50)
    assert printed(capsys, "generate", *long).startswith("the river the river")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (("--temperature", "-1"), "temperature is -1.0; it must be 0 or more"),
        (("--top-p", "2"), "top_p is 2.0; it must be above 0 and at most 1"),
        (("--top-k", "-3"), "top_k is -3; it must be 0 (no limit) or more"),
        (("--min-p", "2"), "min_p is 2.0; it must be 0 (no limit) or more and at most 1"),
        (("--repetition-penalty", "0"), "repetition_penalty is 0.0; it must be above 0, and 1 is none"),
        (("--beams", "3", "--top-p", "0.9"), "beam search draws nothing: leave out top_p 0.9, or beams"),
    ],
)
def test_settings_that_cannot_be(
    setting: tuple[str, str], message: str, graph: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--lake", graph.lake.url, "--prompt", "A", *setting]) == 1
    assert message in capsys.readouterr().err


def test_chat_continues_the_text_so_far(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("The module\n\nA queue\n/new\nThe module\n/quit\nnever read\n"))
    words = ("chat", "--lake", graph.lake.url, "--max-tokens", "6", "--json")
    turns = [json.loads(line) for line in printed(capsys, *words).splitlines()]
    assert [turn["prompt"] for turn in turns] == ["The module", "A queue", "The module"]
    [manifest] = graph.lake.datasets("checkpoint")
    model = load(Path(graph.lake.folder(manifest), "model"))
    first = model.complete("The module", max_tokens=6)
    assert turns[0]["text"] == turns[2]["text"] == first
    assert turns[1]["text"] == model.complete(f"The module{first}\nA queue", max_tokens=6)


def test_chat_ends_with_its_input(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert printed(capsys, "chat", "--lake", graph.lake.url) == ""
