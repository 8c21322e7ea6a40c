"""App: the routes, by OpenAI's names. Everything here is for one model."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from training.serving.answers import Form
from training.serving.asking import Asking, EventStream, answer_whole
from training.serving.chat_page import page_response
from training.serving.engine import BusyError, Engine, TooManyError
from training.serving.errors import RefusedError, answer_fault, answer_http_error, answer_invalid, answer_refused
from training.serving.generation import Question
from training.serving.schemas import MAX_SEED, ChatRequest, CompletionRequest, EmbeddingRequest
from training.serving.served_model import ServedModel
from training.serving.service import Service

TITLE = "Headwater"


def make_app(service: Service) -> FastAPI:
    """Without protection: see access.py."""
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None)  # those pages would load scripts of others
    app.include_router(_watching(service))
    app.include_router(_asking(service))
    for kind, handler in (
        (RefusedError, answer_refused),
        (RequestValidationError, answer_invalid),
        (HTTPException, answer_http_error),
        (Exception, answer_fault),
    ):
        app.add_exception_handler(kind, handler)
    return app


def _watching(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def chat_page() -> Response:
        return page_response()

    @router.get("/health")
    async def health() -> dict[str, str]:
        """200 while the process answers."""
        return {"status": "ok"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        """200 while questions are answered; 503 once the server is about to end, or where the model has stopped."""
        if service.ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "draining" if service.draining else "stopped"}, 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Counts for Prometheus."""
        return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_about(service)]}

    @router.get("/v1/models/{name:path}")
    async def model(name: str) -> dict[str, Any]:
        service.check_model(name)
        return _about(service)

    return router


def _about(service: Service) -> dict[str, Any]:
    """`max_model_len` is vLLM's name."""
    served = service.served
    return {
        "id": served.name,
        "object": "model",
        "created": served.created,
        "owned_by": "headwater",
        "max_model_len": served.context,
        "sha256": served.digest,
        "prompts_logged": service.prompt_log is not None,
    }


def _asking(service: Service) -> APIRouter:
    router = APIRouter()
    served = service.served

    @router.post("/v1/completions")
    async def completions(asked: CompletionRequest, request: Request) -> Response:
        """Continues prompts."""
        engine = _engine(service, asked.model)
        read = [service.to_ids(prompt, "prompt") for prompt in _each(asked.prompt)]
        questions = [
            Question(
                prompt=ids,
                max_tokens=asked.max_tokens,
                sampling=one,
                stop=asked.stops,
                likeliest=asked.logprobs,
                compared=number == 0,
                continues=True,
            )
            for ids in read
            for number, one in enumerate(_samplings(asked))
        ]
        form = _form(served, chat=False, logprobs=asked.logprobs is not None)

        def record(answers: list[str]) -> None:
            for number, prompt in enumerate(_each(asked.prompt)):
                text = prompt if isinstance(prompt, str) else served.texts.decode(prompt)
                service.record({"prompt": text}, answers[number * asked.n : (number + 1) * asked.n])

        asking = Asking(engine, questions, sum(map(len, read)), record)
        return await _answer(asking, form, asked, request)

    @router.post("/v1/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answers a conversation, in the form that the model was trained on; without one, continues it as a text."""
        engine = _engine(service, asked.model)
        messages = [{"role": one.role, "content": one.text} for one in asked.messages]
        try:
            ids = served.texts.encode_conversation(messages)
        except ValueError as error:
            raise RefusedError(400, str(error), code="invalid_value", param="messages") from error
        likeliest = (asked.top_logprobs or 0) if asked.logprobs else None
        questions = [
            Question(
                prompt=ids,
                max_tokens=asked.max_completion_tokens or asked.max_tokens or engine.default_tokens(len(ids)),
                sampling=one,
                stop=asked.stops,
                likeliest=likeliest,
                compared=number == 0,
            )
            for number, one in enumerate(_samplings(asked))
        ]
        form = _form(served, chat=True, logprobs=asked.logprobs)
        asking = Asking(engine, questions, len(ids), lambda answers: service.record({"messages": messages}, answers))
        return await _answer(asking, form, asked, request)

    @router.post("/v1/embeddings")
    async def embeddings(asked: EmbeddingRequest, request: Request) -> Response:
        """The vectors of texts: the mean of an encoder's states over all tokens that it reads."""
        service.check_model(asked.model)
        if service.embedder is None:
            message = f"{served.name} continues texts; vectors are those of an encoder, such as bert"
            raise RefusedError(400, message, code="wrong_model", param="model")
        texts = [service.to_ids(one, "input") for one in _each(asked.input)]
        longest = max(map(len, texts))
        if longest > served.context:
            message = f"input: a text has {longest} tokens, the model reads {served.context}; shorten it"
            raise RefusedError(400, message, code="context_length_exceeded", param="input")
        try:
            vectors = await service.embedder.embed(texts)
        except BusyError as error:
            raise RefusedError(429, str(error), code="queue_full") from error
        except TooManyError as error:
            raise RefusedError(400, str(error), code="too_many_at_once", param="input") from error
        data = [
            {"object": "embedding", "index": number, "embedding": _encode(vector, asked.encoding_format)}
            for number, vector in enumerate(vectors)
        ]
        tokens = sum(map(len, texts))
        used = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"object": "list", "data": data, "model": served.name, "usage": used})

    return router


def _engine(service: Service, model: str | None) -> Engine:
    service.check_model(model)
    if service.engine is None:
        message = f"{service.served.name} fills hidden tokens and does not continue texts; ask /v1/embeddings"
        raise RefusedError(400, message, code="wrong_model", param="model")
    return service.engine


async def _answer(asking: Asking, form: Form, asked: CompletionRequest | ChatRequest, request: Request) -> Response:
    if asked.stream:
        return EventStream(asking, form, usage_wanted=asked.usage_wanted)
    return await answer_whole(asking, form, request)


def _samplings(asked: CompletionRequest | ChatRequest) -> list[Any]:
    """Of each of n choices: the same again for the same seed, and none like another."""
    first = secrets.randbelow(MAX_SEED) if asked.seed is None else asked.seed
    return [asked.sampling((first + number) % MAX_SEED) for number in range(asked.n)]


def _form(served: ServedModel, *, chat: bool, logprobs: bool) -> Form:
    spell = served.texts.spell_token
    return Form(chat=chat, logprobs=logprobs, model=served.name, digest=served.digest, spell_token=spell)


def _each(given: str | list[int] | list[str] | list[list[int]]) -> list[Any]:
    """Texts, or token ids, of which one may be given alone."""
    return [given] if isinstance(given, str) or isinstance(given[0], int) else given


def _encode(vector: list[float], form: str) -> list[float] | str:
    return vector if form == "float" else base64.b64encode(np.array(vector, "<f4").tobytes()).decode()
