"""Clients: so many that ask at a time, each again as soon as it is answered."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

Request = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`first`: seconds to its first token; `told`: its tokens with their log probabilities, where they were asked."""

    first: float
    tokens: int
    told: list[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """Of one number of clients: requests and tokens a second, and seconds to the first token."""

    clients: int
    requests: float
    tokens: float
    median_first: float
    most_first: float


def measure(url: str, token: str, requests: Sequence[Request], clients: int) -> tuple[Load, list[Answer]]:
    answers, seconds = asyncio.run(_ask_all(url, token, requests, clients))
    firsts = [answer.first for answer in answers]
    load = Load(
        clients=clients,
        requests=len(answers) / seconds,
        tokens=sum(answer.tokens for answer in answers) / seconds,
        median_first=statistics.median(firsts),
        most_first=max(firsts),
    )
    return load, answers


async def _ask_all(url: str, token: str, requests: Sequence[Request], clients: int) -> tuple[list[Answer], float]:
    limits = httpx.Limits(max_connections=clients)
    headers, free = {"Authorization": f"Bearer {token}"}, asyncio.Semaphore(clients)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=None, limits=limits) as client:

        async def ask(request: Request) -> Answer:
            async with free:
                return await _ask(client, request)

        began = time.perf_counter()
        answers = await asyncio.gather(*map(ask, requests))
        return answers, time.perf_counter() - began


async def _ask(client: httpx.AsyncClient, request: Request) -> Answer:
    began, first, tokens = time.perf_counter(), 0.0, 0
    told: list[tuple[str, float]] = []
    async with client.stream("POST", "/v1/completions", json=request) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            part = json.loads(line.removeprefix("data: "))
            first = first or time.perf_counter() - began
            tokens = part.get("usage", {}).get("completion_tokens", tokens)
            for choice in part["choices"]:
                if choice.get("logprobs"):
                    values = choice["logprobs"]
                    told += zip(values["tokens"], values["token_logprobs"], strict=True)
    return Answer(first=first, tokens=tokens, told=told)


def seconds_until_stopped(url: str, token: str, request: Request) -> float:
    """From a client's going to when nothing is written for it any more."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        with client.stream("POST", "/v1/completions", json=request) as answer:
            lines = answer.iter_lines()
            next(lines)
            began = time.perf_counter()
        while "headwater_running 0.0" not in client.get("/metrics").text:
            pass
        return time.perf_counter() - began
