"""What the server says, to OpenAI's own client and as OpenAI's description of it has it; and that no request of its
description is answered with a fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from random_checkpoints import random_checkpoint
from served_models import NAME, TOKEN, RunningServer, start_server
from small_corpus import Data
from start_models import write_start

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 300))


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def brief(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Of a model with a short context, so that no answer is long."""
    folder = tmp_path_factory.mktemp("brief")
    random_checkpoint(data, folder, 64)
    with start_server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_server(write_start("bert", tmp_path_factory.mktemp("bert")), queue=4) as running:
        yield running


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    [model] = client.models.list()
    assert model.id == NAME and client.models.retrieve(NAME).id == NAME


def test_a_stream_is_the_whole_in_pieces(client: openai.OpenAI) -> None:
    asked = {"model": NAME, "prompt": "The module", "max_tokens": 40, "seed": 3, "logprobs": 2, "n": 2}
    whole = client.completions.create(**asked)  # type: ignore[call-overload]
    parts = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))  # type: ignore[call-overload]
    assert whole.usage == parts[-1].usage and whole.usage.completion_tokens == 80
    for number, choice in enumerate(whole.choices):
        own = [part.choices[0] for part in parts if part.choices and part.choices[0].index == number]
        assert "".join(one.text for one in own) == choice.text and own[-1].finish_reason == "length"
        told = [value for one in own for value in one.logprobs.token_logprobs]
        assert told == choice.logprobs.token_logprobs and len(told) == 40
    assert whole.choices[0].text != whole.choices[1].text
    again = client.completions.create(**asked)  # type: ignore[call-overload]
    assert [one.text for one in again.choices] == [one.text for one in whole.choices]


def test_a_conversation(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "The module"}]
    asked = {"model": NAME, "messages": messages, "max_tokens": 12, "temperature": 0, "logprobs": True}
    whole = client.chat.completions.create(**asked, top_logprobs=3)  # type: ignore[call-overload]
    [choice] = whole.choices
    tokens = choice.logprobs.content
    assert choice.message.role == "assistant" and choice.message.content and len(tokens) == 12
    assert all(one.top_logprobs[0].logprob == one.logprob for one in tokens)  # the likeliest is taken
    text = client.completions.create(model=NAME, prompt="The module", max_tokens=12, temperature=0).choices[0].text
    assert choice.message.content == text  # a model without a form of conversations continues them
    streamed = client.chat.completions.create(**asked, stream=True)  # type: ignore[call-overload]
    assert "".join(part.choices[0].delta.content or "" for part in streamed) == text


NEUTRAL: dict[str, Any] = {"frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}}


@pytest.mark.parametrize(
    ("route", "given", "neutral", "nullable"),
    [
        ("completions", {"prompt": "The module"}, {**NEUTRAL, "best_of": 1, "echo": False, "suffix": ""}, "suffix"),
        (
            "chat/completions",
            {"messages": [{"role": "user", "content": "The module"}], "max_tokens": 16},
            {**NEUTRAL, "response_format": {"type": "text"}, "modalities": ["text"], "store": False},
            "tools max_completion_tokens logprobs top_logprobs",
        ),
    ],
)
def test_null_and_what_changes_nothing_are_as_left_out(
    server: RunningServer, route: str, given: dict[str, Any], neutral: dict[str, Any], nullable: str
) -> None:
    """Many clients send every parameter that OpenAI knows."""
    common = "model temperature top_p n stop stream stream_options user frequency_penalty logit_bias"
    null = dict.fromkeys([*common.split(), *nullable.split(), *(["max_tokens"] if "prompt" in given else [])])
    expected = server.post(route, **given, seed=4).json()["choices"]
    for more in (null, neutral):
        answer = server.post(route, **given, seed=4, **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"] == expected


def test_a_conversation_goes_on_with_what_the_client_read(client: openai.OpenAI) -> None:
    """Its object of a message has fields for tools and refusals, which are null."""
    messages: list[Any] = [{"role": "user", "content": "The module"}]
    first = client.chat.completions.create(model=NAME, messages=messages, max_tokens=8)
    messages += [first.choices[0].message.model_dump(), {"role": "user", "content": "And the list?"}]
    assert client.chat.completions.create(model=NAME, messages=messages, max_tokens=8).choices[0].message.content


def test_a_text_ends_before_a_stop_string_and_tells_nothing_behind_it(client: openai.OpenAI) -> None:
    asked = {"model": NAME, "prompt": "The module", "max_tokens": 60, "temperature": 0, "logprobs": 0}
    text = client.completions.create(**asked).choices[0].text  # type: ignore[call-overload]
    stop = text[20:24]
    for stream in (False, True):
        found = client.completions.create(**asked, stop=[stop, "never"], stream=stream)  # type: ignore[call-overload]
        pieces = [part.choices[0] for part in found] if stream else found.choices
        assert "".join(one.text for one in pieces) == text[: text.index(stop)]
        assert pieces[-1].finish_reason == "stop"
        assert all(offset < text.index(stop) for one in pieces for offset in one.logprobs.text_offset)


def test_refusals_are_the_errors_of_the_client(server: RunningServer, client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="max_tokens"):
        client.completions.create(model=NAME, prompt="a", max_tokens=-1)
    with pytest.raises(openai.NotFoundError, match=NAME):
        client.completions.create(model="another", prompt="a")
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="x").models.list()
    with pytest.raises(openai.BadRequestError, match="vectors are those of an encoder"):
        client.embeddings.create(model=NAME, input="a")


def test_embeddings_are_means_that_do_not_depend_on_those_beside_them(encoder: RunningServer) -> None:
    import torch

    with openai.OpenAI(base_url=f"{encoder.url}/v1", api_key=TOKEN, max_retries=0) as client:
        texts = ["The module", "a list of words", "x"]
        together = client.embeddings.create(model=NAME, input=texts).data
        assert [one.embedding for one in together] == [
            client.embeddings.create(model=NAME, input=text).data[0].embedding for text in texts
        ]
        with pytest.raises(openai.BadRequestError, match="does not continue texts"):
            client.completions.create(model=NAME, prompt="a")
        with pytest.raises(openai.BadRequestError, match="5 texts are given at once, of at most 4"):
            client.embeddings.create(model=NAME, input=["x"] * 5)
    served = encoder.service.served
    ids = served.texts.encode(texts[1])
    with torch.no_grad():
        expected = served.model.hidden(torch.tensor([ids]))[0].mean(0)  # type: ignore[operator]
    assert np.allclose(together[1].embedding, expected, atol=1e-6) and len(expected) == 32


def test_the_page_loads_nothing_and_runs_its_own_script_alone(server: RunningServer) -> None:
    answer = server.client.get("/", headers={"Authorization": ""})
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200 and "default-src 'none'" in policy and "script-src 'sha256-" in policy
    assert "http:" not in answer.text and "https:" not in answer.text and TOKEN not in answer.text


def test_metrics_count_what_was_done(server: RunningServer) -> None:
    before = {name: server.count(f"headwater_{name}_tokens_total") for name in ("prompt", "generated")}
    firsts = server.count("headwater_time_to_first_token_seconds_count")
    used = server.post(prompt="The module", max_tokens=9).json()["usage"]
    assert server.count("headwater_generated_tokens_total") - before["generated"] == used["completion_tokens"] == 9
    assert server.count("headwater_prompt_tokens_total") - before["prompt"] == used["prompt_tokens"]
    assert server.count("headwater_time_to_first_token_seconds_count") - firsts == 1
    assert server.count('headwater_requests_total{route="/v1/completions",status="200"}') > 0
    assert server.count("headwater_running") == server.count("headwater_queue_depth") == 0


def test_no_request_of_the_description_is_answered_with_a_fault(brief: RunningServer) -> None:
    """Mutated ones too. `make fuzz-serve` asks many more."""
    schema = schemathesis.openapi.from_dict(brief.client.get("/openapi.json").json())
    modes = schemathesis.GenerationMode
    cases = [
        operation.ok().as_strategy(generation_mode=mode)
        for operation in schema.get_all_operations()
        for mode in (modes.POSITIVE, modes.NEGATIVE)
        if operation.ok().method == "post" or mode is modes.POSITIVE
    ]
    statuses: set[int] = set()

    @seed(int(os.environ.get("SEED", 0)))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(cases))
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=brief.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, answer.text

    ask()
    assert {200, 422} <= statuses
    assert brief.post(prompt="a", max_tokens=1).status_code == 200
