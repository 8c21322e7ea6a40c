"""Errors: what is refused, in OpenAI's form: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

RETRY_AFTER = "1"  # seconds
NESTED = ("role", "content", "text", "type", "include_usage")  # fields of fields
TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}


class RefusedError(Exception):
    """A request that is answered with an error. `param`: the field that is to blame."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param


def error_response(status: int, message: str, *, code: str | None = None, param: str | None = None) -> JSONResponse:
    headers = {}
    if status in (429, 503):
        headers["Retry-After"] = RETRY_AFTER
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not read
    error = {"message": message, "type": TYPES.get(status, "invalid_request_error"), "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers)


async def answer_refused(request: Request, error: Any) -> JSONResponse:
    assert isinstance(error, RefusedError)
    return error_response(error.status, error.message, code=error.code, param=error.param)


async def answer_invalid(request: Request, error: Any) -> JSONResponse:
    """400 for what is no JSON, 422 with the field's name for what a field may not be. Nothing of the request is told
    again but the name."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        return error_response(400, "the body is not JSON", code="invalid_json")
    param = _name(found[0]["loc"])
    if param is None:
        what = found[0]["msg"]
        return error_response(422, f"the body: {what}; send a JSON object as application/json", code="invalid_value")
    # Of a field that may be of several kinds there is a reason for each.
    reasons = dict.fromkeys(one["msg"] for one in found if one["loc"][1] == found[0]["loc"][1])
    return error_response(422, f"{param}: {'; or '.join(reasons)}", code="invalid_value", param=param)


def _name(place: Sequence[Any]) -> str | None:
    """Of the field, down to its place in a list, without the kinds that pydantic tried."""
    parts = [str(part) for part in place[1:2] if re.fullmatch(r"[\w-]{1,64}", str(part))]
    parts += [str(part) for part in place[2:] if isinstance(part, int) or part in NESTED]
    return ".".join(parts) or None


async def answer_http_error(request: Request, error: Any) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, str(error.detail))


async def answer_fault(request: Request, error: Exception) -> JSONResponse:
    """An error of ours. What it says is in no answer; its place is in the log."""
    return error_response(500, "the server made an error; its log says where", code="internal_error")
