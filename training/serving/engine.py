"""Engine: answers many questions side by side. Each is what it would be alone, to the bit (rows.py).

A thread makes step after step. In each, those that wait and fit into memory join, prompts are read up to PROMPT_TOKENS,
and every answer whose prompt is read gets one more token; answers that have ended, or that nobody waits for any more,
leave (iteration-level scheduling: Yu et al. 2022, Orca).
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from training.models.module import CausalModel
from training.serving.answer_text import AnswerText
from training.serving.config import ServingConfig
from training.serving.drift import Drift
from training.serving.generation import Generation, Piece, Question
from training.serving.logs import log_fault
from training.serving.metrics import Metrics
from training.serving.prompt_bits import PromptBits
from training.serving.rows import choose_rows, new_text_cache, read_prompt, read_tokens

PROMPT_TOKENS = 256  # a step reads, before those that write are served again
DEFAULT_SHARE = 4  # of the memory: an answer whose length nobody chose takes at most one part of so many
END = 10.0  # seconds for the step that is being made


class BusyError(Exception):
    """The queue is full, or the engine is about to end: ask later."""


class TooManyError(Exception):
    """More at once than there is ever room for: waiting does not help."""


class Engine:
    """`ends`: the tokens that end a text; `decode`: ids to text; `drift` is told of the prompts."""

    def __init__(
        self,
        model: CausalModel,
        decode: Callable[[list[int]], str],
        ends: frozenset[int],
        config: ServingConfig,
        metrics: Metrics,
        drift: Drift | None = None,
    ) -> None:
        self._model, self._decode, self._ends, self._config = model.eval(), decode, ends, config
        self._metrics, self._drift, self._wake = metrics, drift, threading.Condition()
        self._waiting: deque[Generation] = deque()
        self._running: list[Generation] = []
        self._stopping = False
        self.context: int = model.config.max_position_embeddings
        token = new_text_cache(model, 1)
        self._bytes_per_token = token.keys.nbytes + token.values.nbytes
        self.rows = choose_rows(model)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def default_tokens(self, prompt: int) -> int:
        """How long an answer to a prompt of so many tokens may be where nobody says: all that context and memory have
        left, and no more than a share of the memory, so that several are written side by side. At least 1."""
        held = self._config.memory_bytes // self._bytes_per_token
        return max(1, min(self.context - prompt, held - prompt, held // DEFAULT_SHARE))

    def check(self, question: Question) -> None:
        """Raises ValueError where there can never be room for a question and its answer."""
        prompt, wanted = len(question.prompt), question.max_tokens
        if question.capacity > self.context:
            raise ValueError(
                f"the prompt has {prompt} tokens and max_tokens is {wanted}, together more than the {self.context} "
                f"that the model can read; shorten the prompt or lower max_tokens"
            )
        if (needed := self._bytes(question)) > self._config.memory_bytes:
            raise ValueError(
                f"the prompt has {prompt} tokens and max_tokens is {wanted}, whose keys and values take {needed} "
                f"bytes; the server has {self._config.memory_bytes} for all answers; lower max_tokens"
            )

    def submit(self, asked: Sequence[tuple[Question, Callable[[Piece], None]]]) -> list[Generation]:
        """Puts all of them, or none, into the queue. Raises ValueError as `check`, TooManyError where they are more
        than all slots and the queue hold, BusyError where it is full."""
        room = self._config.slots + self._config.queue
        if len(asked) > room:
            raise TooManyError(f"{len(asked)} answers are asked for at once, of at most {room}; ask for fewer")
        for question, _ in asked:
            self.check(question)
        made = [
            Generation(
                question=question,
                deliver=deliver,
                answer=AnswerText(self._decode, question.stop, question.context),
                bits=PromptBits(question.prompt) if self._measures(question) else None,
            )
            for question, deliver in asked
        ]
        with self._wake:
            there = len(self._waiting) + len(self._running)
            if self._stopping or there + len(made) > room:
                raise BusyError(f"{there} answers are being written or wait, of at most {room}; ask again later")
            self._waiting += made
            self._wake.notify()
        self._tell()
        return made

    def cancel(self, generations: Sequence[Generation]) -> None:
        """Nobody waits for them any more: they leave before the next step."""
        for generation in generations:
            generation.cancelled = True
        with self._wake:
            self._wake.notify()

    @property
    def idle(self) -> bool:
        with self._wake:
            return not self._waiting and not self._running

    @property
    def alive(self) -> bool:
        """Whether steps are still made."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends the thread; what is not answered stays so."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(END)

    def _measures(self, question: Question) -> bool:
        """Of a share of prompts: logits at each place take half as long again as reading alone."""
        return self._drift is not None and question.compared and random.random() < self._config.measured_share

    def _bytes(self, question: Question) -> int:
        return question.capacity * self._bytes_per_token

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._stopping or self._waiting or self._running):
                    self._wake.wait()
                if self._stopping:
                    return
            try:
                with torch.inference_mode():
                    self._leave()
                    self._join()
                    self._allocate()
                    self._step()
            except Exception as error:  # whatever it is, the next question is to be answered
                log_fault("engine", error)
                for generation in self._running:
                    if not generation.cancelled:  # else it has ended in this very step
                        self._say(generation, generation.fail())
                self._leave()
            self._tell()

    def _leave(self) -> None:
        with self._wake:
            self._running = [one for one in self._running if not one.cancelled]
            self._waiting = deque(one for one in self._waiting if not one.cancelled)

    def _join(self) -> None:
        """First come, first served: one that needs much memory is not overtaken for ever."""
        with self._wake:
            used = sum(self._bytes(one.question) for one in self._running)
            while self._waiting and len(self._running) < self._config.slots:
                question = self._waiting[0].question
                used += self._bytes(question)
                if used > self._config.memory_bytes:
                    return
                self._running.append(self._waiting.popleft())

    def _allocate(self) -> None:
        """For those that have joined. What finds no memory ends this answer alone."""
        for one in self._running:
            if one.cache is None:
                try:
                    one.cache = new_text_cache(self._model, one.question.capacity)
                except Exception as error:
                    log_fault("memory", error)
                    self._say(one, one.fail())

    def _step(self) -> None:
        """Those whose prompt is read before those that read it now: none gets two tokens in a step."""
        writing = [one for one in self._running if one.ids]
        self._read_prompts([one for one in self._running if not one.ids])
        writing = [one for one in writing if not one.cancelled]
        caches = [one.cache for one in writing if one.cache is not None]
        rows = read_tokens(self._model, [one.ids[-1] for one in writing], caches, self.rows)
        for one, logits in zip(writing, rows, strict=True):
            self._draw(one, logits)
        self._leave()

    def _read_prompts(self, reading: Sequence[Generation]) -> None:
        budget = PROMPT_TOKENS
        for one in reading:
            while budget > 0 and not one.cancelled:
                assert one.cache is not None
                states, logits = read_prompt(self._model, one.question.prompt, one.cache)
                budget -= states.shape[1]
                if one.bits is not None:
                    one.bits.add(self._model, states)
                if logits is not None:
                    self._metrics.prompt_tokens.inc(len(one.question.prompt))
                    if self._drift is not None and one.question.compared:
                        self._drift.observe(one.question.prompt, one.bits)
                    self._draw(one, logits)
                    break

    def _draw(self, one: Generation, logits: Tensor) -> None:
        """What cannot be drawn ends this answer alone."""
        try:
            piece = one.draw(logits, self._ends)
        except Exception as error:
            log_fault("drawing", error)
            piece = one.fail()
        self._say(one, piece)

    def _say(self, generation: Generation, piece: Piece) -> None:
        self._metrics.observe_piece(generation, piece)
        if piece.finish:
            generation.cancelled = True  # it leaves
        if piece.text or piece.finish:
            try:
                generation.deliver(piece)
            except RuntimeError:  # the event loop that waited for it has ended
                generation.cancelled = True

    def _tell(self) -> None:
        with self._wake:
            self._metrics.waiting.set(len(self._waiting))
            self._metrics.running.set(len(self._running))
