"""What is sent wrongly, too much, too slowly or by the wrong one is refused, in OpenAI's form and without a fault."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_models import CONTEXT, TOKEN, RunningServer, start_server, wait_until

from training.serving.logs import LOGGER, JsonLines

JSON = {"Content-Type": "application/json"}
LONG = {"prompt": "The module", "max_tokens": CONTEXT - 100, "temperature": 0}


def refusal(answer: httpx.Response, status: int) -> dict[str, Any]:
    """What is said, in the form that OpenAI's clients read."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json" and list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"] and error["message"]
    return error


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer another-token-of-a-test"}])
@pytest.mark.parametrize("route", ["/v1/models", "/metrics", "/openapi.json", "/nothing"])
def test_no_token_or_another_is_401(server: RunningServer, headers: dict[str, str], route: str) -> None:
    answer = server.client.get(route, headers=headers)
    assert refusal(answer, 401)["code"] == "invalid_api_key" and answer.headers["www-authenticate"] == "Bearer"


def test_health_and_readiness_need_no_token(server: RunningServer) -> None:
    for route, status in (("/health", "ok"), ("/ready", "ready")):
        assert httpx.get(server.url + route).json() == {"status": status}


def test_a_server_whose_model_has_stopped_is_not_ready(served_folder: Path) -> None:
    with start_server(served_folder) as server:
        assert server.service.engine is not None
        server.service.engine.stop()
        answer = httpx.get(server.url + "/ready")
        assert (answer.status_code, answer.json()) == (503, {"status": "stopped"})
        assert httpx.get(server.url + "/health").status_code == 200


@pytest.mark.parametrize("body", [b'{"prompt": ', b"\xff\xfe", b"[" * 5000, b'{"seed": ' + b"9" * 5000 + b"}"])
def test_broken_json_is_400(server: RunningServer, body: bytes) -> None:
    answer = server.client.post("/v1/completions", content=body, headers=JSON)
    refusal(answer, 400)


@pytest.mark.parametrize(
    ("route", "body", "param"),
    [
        ("completions", {"max_tokens": -1}, "max_tokens"),
        ("completions", {"max_tokens": 10**30}, "max_tokens"),
        ("completions", {"temperature": 1e9}, "temperature"),
        ("completions", {"temperature": "hot"}, "temperature"),
        ("completions", {"top_p": 0}, "top_p"),
        ("completions", {"n": 10**6}, "n"),
        ("completions", {"seed": 2**70}, "seed"),
        ("completions", {"stop": [""]}, "stop"),
        ("completions", {"logprobs": 10**4}, "logprobs"),
        ("completions", {"prompt": []}, "prompt"),
        ("completions", {"prompt": [10**6]}, "prompt"),
        ("completions", {"prompt": "\ud800"}, "prompt"),
        ("completions", {"prompt": None}, "prompt"),
        ("completions", {"best_of": 3}, "best_of"),
        ("completions", {"echo": True}, "echo"),
        ("completions", {"frequency_penalty": 0.5}, "frequency_penalty"),
        ("completions", {"presence_penalty": -0.5}, "presence_penalty"),
        ("completions", {"logit_bias": {"50": -100}}, "logit_bias"),
        ("chat/completions", {"messages": []}, "messages"),
        ("chat/completions", {"messages": [{"role": "wizard", "content": "a"}]}, "messages.0.role"),
        ("chat/completions", {"messages": [{"role": "user", "content": "a"}], "tools": []}, "tools"),
        (
            "chat/completions",
            {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_object"}},
            "response_format.type",
        ),
    ],
)
def test_an_absurd_parameter_is_422_with_its_name(
    server: RunningServer, route: str, body: dict[str, Any], param: str
) -> None:
    given = {"prompt": "a", **body} if route == "completions" else body
    content = json.dumps(given)
    answer = server.client.post(f"/v1/{route}", content=content, headers=JSON)
    error = refusal(answer, 422)
    assert error["param"] == param and error["message"].startswith(f"{param}: ")


def test_numbers_that_are_none_are_422(server: RunningServer) -> None:
    content = '{"prompt": "a", "temperature": NaN}'
    answer = server.client.post("/v1/completions", content=content, headers=JSON)
    assert refusal(answer, 422)["param"] == "temperature"


def test_a_large_body_is_413_whether_it_says_so_or_not(server: RunningServer) -> None:
    large = b'"' + b"a" * (1 << 17) + b'"'
    assert refusal(server.client.post("/v1/completions", content=large), 413)["code"] == "body_too_large"
    pieces = (large[start : start + 1000] for start in range(0, len(large), 1000))
    assert refusal(server.client.post("/v1/completions", content=pieces), 413)["code"] == "body_too_large"


def test_a_slow_body_is_408(server: RunningServer) -> None:
    head = f"POST /v1/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 99\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(head.encode() + b'{"prompt": ')
        answer = b"".join(iter(lambda: slow.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 408") and b'"body_too_slow"' in answer


def test_another_model_or_route_is_404(server: RunningServer) -> None:
    assert refusal(server.post(prompt="a", model="gpt-4"), 404)["param"] == "model"
    assert refusal(server.client.get("/v1/models/gpt-4"), 404)["code"] == "model_not_found"
    refusal(server.client.get("/v2"), 404)
    refusal(server.client.get("/v1/completions"), 405)


def test_what_cannot_fit_is_400_before_it_starts(server: RunningServer) -> None:
    before = server.count("headwater_prompt_tokens_total")
    error = refusal(server.post(prompt="a", max_tokens=CONTEXT), 400)
    assert error["code"] == "context_length_exceeded" and str(CONTEXT) in error["message"]
    error = refusal(server.post("chat/completions", messages=[{"role": "user", "content": "a " * CONTEXT}]), 400)
    assert error["code"] == "context_length_exceeded"
    assert server.count("headwater_prompt_tokens_total") == before


def test_a_full_queue_is_429_and_a_client_that_goes_makes_room(server: RunningServer) -> None:
    with server.client.stream("POST", "/v1/completions", json={**LONG, "n": 8, "stream": True}) as streamed:
        lines = streamed.iter_lines()  # held: the stream is closed with it
        next(lines)
        answer = server.post(**LONG)
        assert refusal(answer, 429)["code"] == "queue_full" and int(answer.headers["retry-after"]) >= 1
    wait_until(lambda: server.service.idle)
    written = server.count("headwater_generated_tokens_total")
    assert server.post(prompt="a", max_tokens=2, temperature=0).status_code == 200
    assert server.count("headwater_generated_tokens_total") - written <= 2


def test_a_conversation_without_max_tokens_is_answered_where_the_context_exceeds_the_memory(
    served_folder: Path,
) -> None:
    with start_server(served_folder, memory_bytes=1 << 14) as server:  # 64 tokens
        answer = server.post("chat/completions", messages=[{"role": "user", "content": "The module"}])
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] == 16


def test_more_at_once_than_the_server_ever_holds_is_400(server: RunningServer) -> None:
    """4 slots and a queue of 4: nobody who waits and asks again would be answered."""
    wait_until(lambda: server.service.idle)
    assert server.post(prompt="a", max_tokens=1, n=8).status_code == 200
    error = refusal(server.post(prompt="a", max_tokens=1, n=9), 400)
    assert error["code"] == "too_many_at_once" and "at most 8" in error["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_ends_what_is_written_for_it(server: RunningServer, stream: bool) -> None:
    before = server.count("headwater_generated_tokens_total")
    body = json.dumps({**LONG, "stream": stream})
    head = f"POST /v1/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall((head + body).encode())
        wait_until(lambda: not server.service.idle)
    wait_until(lambda: server.service.idle)
    assert server.count("headwater_generated_tokens_total") - before < LONG["max_tokens"] / 2  # type: ignore[operator]


@pytest.fixture
def log(server: RunningServer) -> Iterator[io.StringIO]:
    """What the server logs from now on."""
    written = io.StringIO()
    handler = next(one for one in LOGGER.handlers if isinstance(one.formatter, JsonLines))
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_nothing_of_a_prompt_or_an_answer_is_in_the_log(server: RunningServer, log: io.StringIO) -> None:
    secret = "xylophone"
    answers = [
        server.post(prompt=secret, max_tokens=40, seed=1),
        server.post("chat/completions", messages=[{"role": "user", "content": secret}], max_tokens=40, seed=2),
        server.post(prompt=secret, max_tokens=-1),
        server.post(prompt=[secret, 3]),
        server.post(**{secret: 1}),
        server.client.get(f"/{secret}?{secret}", headers={"X-Secret": secret}),
        server.client.post("/v1/completions", content=f'{{"prompt": "{secret}', headers=JSON),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422, 422, 404, 400]
    wait_until(lambda: log.getvalue().count('"request"') == len(answers))  # told when the answer has been sent
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [200, 200, 422, 422, 422, 404, 400]
    said = [answers[0].json()["choices"][0]["text"], answers[1].json()["choices"][0]["message"]["content"]]
    told = json.dumps(lines, ensure_ascii=False)
    assert secret not in told and TOKEN not in told
    assert not any(word in told for text in said for word in text.split() if len(word) > 5)


def test_many_broken_requests_at_once_leave_the_server_whole(server: RunningServer) -> None:
    def break_off() -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Le")

    threads = [threading.Thread(target=break_off) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.post(prompt="a", max_tokens=1).status_code == 200
