"""Config: how much a server takes on at once. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, fields

from training.config import check_positive


@dataclass(frozen=True, kw_only=True)
class ServingConfig:
    """`slots`: answers that are written at a time; `queue`: those that wait for one, more are refused;
    `memory_bytes`: of the keys and values of all running answers; `max_body`: bytes of a request; `body_seconds`: for
    all of it to arrive; `drain_seconds`: for running answers when the server is asked to end; `compared_prompts`: the
    last ones, which are compared with a baseline; `measured_share`: of prompts whose bits per byte are;
    `prompt_log_bytes`: of the file of prompts and answers, at most."""

    slots: int = 64
    queue: int = 256
    memory_bytes: int = 1 << 30
    max_body: int = 1 << 20
    body_seconds: float = 10.0
    drain_seconds: float = 30.0
    compared_prompts: int = 1_000
    measured_share: float = 0.1
    prompt_log_bytes: int = 1 << 28

    def __post_init__(self) -> None:
        check_positive({field.name: getattr(self, field.name) for field in fields(self)})
