"""Asking: a request's questions put to the engine, and the pieces of all their answers, in one event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from training.serving.access import NUMBERS
from training.serving.answers import Choice, Form
from training.serving.engine import BusyError, Engine, TooManyError
from training.serving.errors import RefusedError, error_response
from training.serving.generation import Piece, Question

GONE = 499  # as nginx has it; nobody reads it


class Asking:
    """Submits at once. Raises RefusedError where there is no room, or never will be. `record` is called with all
    answers, once they are whole."""

    def __init__(
        self, engine: Engine, questions: Sequence[Question], prompt_tokens: int, record: Callable[[list[str]], None]
    ) -> None:
        self.prompt_tokens, self.choices, self._record = prompt_tokens, [Choice() for _ in questions], record
        self._engine, self._loop = engine, asyncio.get_running_loop()
        self._pieces: asyncio.Queue[tuple[int, Piece]] = asyncio.Queue()
        try:
            self._generations = engine.submit([(one, self._deliverer(number)) for number, one in enumerate(questions)])
        except BusyError as error:
            raise RefusedError(429, str(error), code="queue_full") from error
        except TooManyError as error:
            raise RefusedError(400, str(error), code="too_many_at_once") from error
        except ValueError as error:
            raise RefusedError(400, str(error), code="context_length_exceeded", param="max_tokens") from error

    def _deliverer(self, number: int) -> Any:
        return lambda piece: self._loop.call_soon_threadsafe(self._pieces.put_nowait, (number, piece))

    @property
    def generated(self) -> int:
        return sum(choice.generated for choice in self.choices)

    async def pieces(self) -> AsyncIterator[tuple[int, Piece]]:
        """As they come, each with the number of its question, until all answers have ended."""
        while any(choice.finish is None for choice in self.choices):
            number, piece = await self._pieces.get()
            self.choices[number].add(piece)
            yield number, piece

    def end(self, scope: Scope) -> None:
        """To be called however it ends: what is not written yet never will be."""
        self._engine.cancel(self._generations)
        if all(choice.finish in ("stop", "length") for choice in self.choices):
            self._record([choice.text for choice in self.choices])
        scope[NUMBERS].update(prompt_tokens=self.prompt_tokens, generated_tokens=self.generated)
        if firsts := [one.first - one.asked for one in self._generations if one.first is not None]:
            scope[NUMBERS]["first_token_seconds"] = round(min(firsts), 4)


async def answer_whole(asking: Asking, form: Form, request: Request) -> Response:
    """When all of it is there. A client that goes ends it."""
    reading = asyncio.ensure_future(_read_all(asking))
    going = asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait((reading, going), return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            return Response(status_code=GONE)
        reading.result()
    finally:
        for task in (reading, going):
            task.cancel()
        asking.end(request.scope)
    if any(choice.finish == "error" for choice in asking.choices):
        return error_response(500, "the server made an error; its log says where", code="internal_error")
    return JSONResponse(form.whole(asking.choices, asking.prompt_tokens))


async def _read_all(asking: Asking) -> None:
    async for _ in asking.pieces():
        pass


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class EventStream(StreamingResponse):
    """Server-sent events, one a piece. Starlette ends it when the client goes."""

    def __init__(self, asking: Asking, form: Form, *, usage_wanted: bool) -> None:
        super().__init__(_events(asking, form, usage_wanted), media_type="text/event-stream")
        self.headers["Cache-Control"] = "no-store"
        self._asking = asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._asking.end(scope)


async def _events(asking: Asking, form: Form, usage_wanted: bool) -> AsyncIterator[str]:
    for number in range(len(asking.choices)):
        if (opening := form.opening(number)) is not None:
            yield _event(opening)
    async for number, piece in asking.pieces():
        if piece.finish == "error":
            failed = {"message": "the server made an error; its log says where", "type": "server_error"}
            yield _event({"error": {**failed, "param": None, "code": "internal_error"}})
            return
        yield _event(form.part(number, piece))
    if usage_wanted:
        yield _event(form.closing(asking.prompt_tokens, asking.generated))
    yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
