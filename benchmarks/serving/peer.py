"""Peer: transformers' own `generate` behind a route of FastAPI that streams as ours: one answer after another, as most
examples of serving with it do. `python -m benchmarks.serving.peer FOLDER PORT THREADS`."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from transformers import AsyncTextIteratorStreamer, AutoModelForCausalLM, AutoTokenizer

app = FastAPI()
folder, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
tokenizer: Any = AutoTokenizer.from_pretrained(folder)
one_at_a_time = asyncio.Lock()


@app.get("/ready")
def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/v1/completions")
async def complete(asked: dict[str, Any]) -> StreamingResponse:
    return StreamingResponse(_events(asked["prompt"], asked["max_tokens"]), media_type="text/event-stream")


async def _events(prompt: str, max_tokens: int) -> AsyncIterator[str]:
    read = tokenizer(prompt, return_tensors="pt")
    async with one_at_a_time:
        pieces = AsyncTextIteratorStreamer(tokenizer, skip_prompt=True)
        settings = {"max_new_tokens": max_tokens, "min_new_tokens": max_tokens, "do_sample": False}
        writing = threading.Thread(target=model.generate, kwargs={**read, **settings, "streamer": pieces})
        writing.start()
        async for piece in pieces:
            yield f"data: {json.dumps({'choices': [{'text': piece}]})}\n\n"
        writing.join()
    used = {"completion_tokens": max_tokens}
    yield f"data: {json.dumps({'choices': [], 'usage': used})}\n\ndata: [DONE]\n\n"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
