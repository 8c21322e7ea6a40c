"""Metrics: what a server counts, in Prometheus' names and units. Numbers alone, nothing of any text."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from training.serving.generation import Generation, Piece

FIRST_TOKEN = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
EACH_TOKEN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """Of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "headwater_requests", "Requests by route and status", ["route", "status"], registry=registry
        )
        self.waiting = Gauge("headwater_queue_depth", "Answers that wait for a slot", registry=registry)
        self.running = Gauge("headwater_running", "Answers that are being written", registry=registry)
        self.prompt_tokens = Counter("headwater_prompt_tokens", "Tokens of prompts that were read", registry=registry)
        self.generated_tokens = Counter("headwater_generated_tokens", "Tokens that were written", registry=registry)
        self.first_token = Histogram(
            "headwater_time_to_first_token_seconds",
            "From a question's arrival to its first token",
            buckets=FIRST_TOKEN,
            registry=registry,
        )
        self.each_token = Histogram(
            "headwater_seconds_per_token",
            "Of an answer, from its first token to its last, a token",
            buckets=EACH_TOKEN,
            registry=registry,
        )

    def observe_piece(self, generation: Generation, piece: Piece) -> None:
        now = time.monotonic()
        if generation.first is None:
            generation.first = now
            self.first_token.observe(now - generation.asked)
        self.generated_tokens.inc(piece.generated - generation.counted)
        generation.counted = piece.generated
        if piece.finish and piece.generated > 1:
            self.each_token.observe((now - generation.first) / (piece.generated - 1))

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
