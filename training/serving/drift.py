"""Drift: how far the last prompts are from the texts of a baseline, in language, length and bits per byte.

Compared by the Jensen-Shannon distance (Lin 1991, Endres and Schindelin 2003): 0 where the shares of all classes are
equal, 1 where no class is in both. Of a prompt its classes alone are kept.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as CountMetric
from prometheus_client.core import GaugeMetricFamily, Metric
from scipy.spatial.distance import jensenshannon
from scipy.special import chdtri

from training.serving.baseline import Baseline, language_of
from training.serving.logs import log_fault
from training.serving.prompt_bits import PromptBits

COMPARED = ("language", "length", "bits_per_byte")
BEHIND = 1_000  # prompts that wait to be looked at; more are left out
CHANCE = 0.05
TOKENS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
BITS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


class _Seen(NamedTuple):
    """Of a prompt its class, the shares of all classes in the baseline, and of how many texts these are known."""

    name: str
    expected: Mapping[str, float]
    texts: int


class Drift:
    """`observe` is called by the engine; all else is done in a thread of its own. A collector of Prometheus."""

    def __init__(
        self, baseline: Baseline, decode: Callable[[list[int]], str], prompts: int, registry: CollectorRegistry
    ) -> None:
        """`prompts`: how many of the last are compared."""
        self._baseline, self._decode = baseline, decode
        self._thread, self._lock, self._behind = ThreadPoolExecutor(1, "drift"), Lock(), 0
        self._seen: dict[str, deque[_Seen]] = {of: deque(maxlen=prompts) for of in COMPARED}
        self._tokens = Histogram(
            "headwater_prompt_length_tokens", "Of prompts that were read", buckets=TOKENS, registry=registry
        )
        self._bits = Histogram(
            "headwater_prompt_bits_per_byte", "Of the first tokens of prompts", buckets=BITS, registry=registry
        )
        self._left_out = CountMetric(
            "headwater_drift_left_out", "Prompts that were not compared, as too many came at once", registry=registry
        )
        registry.register(self)

    def observe(self, prompt: Sequence[int], bits: PromptBits | None) -> None:
        """A prompt that was read; `bits` where they were measured. Returns at once."""
        with self._lock:
            if self._behind >= BEHIND:
                self._left_out.inc()
                return
            self._behind += 1
        try:
            self._thread.submit(self._look_at, prompt, bits)
        except RuntimeError:  # the server is about to end
            return

    def stop(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _look_at(self, prompt: Sequence[int], bits: PromptBits | None) -> None:
        found: dict[str, _Seen] = {}
        try:
            found = dict(self._classify(prompt, bits))
        except Exception as error:  # its message may quote the prompt
            log_fault("drift", error)
        with self._lock:
            self._behind -= 1
            for of, seen in found.items():
                self._seen[of].append(seen)

    def _classify(self, prompt: Sequence[int], bits: PromptBits | None) -> Iterator[tuple[str, _Seen]]:
        baseline = self._baseline
        language = baseline.language_class(language_of(prompt, self._decode))
        yield "language", _Seen(language, baseline.languages, baseline.texts)
        length = baseline.length_class(len(prompt))
        yield "length", _Seen(length, baseline.length_shares, baseline.texts)
        self._tokens.observe(len(prompt))
        tokens = baseline.compared_tokens(bits.lengths) if bits is not None else None
        if bits is None or tokens is None or (value := bits.per_byte(tokens, self._decode)) is None:
            return
        part, texts = baseline.bits_class(tokens, value), baseline.bits_per_byte[tokens].texts
        yield "bits_per_byte", _Seen(part, baseline.bits_shares(tokens), texts)
        self._bits.observe(value)

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            windows = {of: list(seen) for of, seen in self._seen.items()}
        distance, chance, prompts = (
            GaugeMetricFamily(f"headwater_drift_{name}", about, labels=["of"])
            for name, about in (
                ("distance", "Jensen-Shannon distance of the last prompts from the baseline, 0 to 1"),
                ("distance_by_chance", "What the distance exceeds in one of 20 cases where nothing differs"),
                ("prompts", "The last prompts, those that are compared"),
            )
        )
        share = GaugeMetricFamily("headwater_drift_share", "By class", labels=["of", "class", "in"])
        for of, window in windows.items():
            prompts.add_metric([of], len(window))
            if not window:
                continue
            found, expected = _shares(window)
            distance.add_metric([of], measure_distance(list(found.values()), list(expected.values())))
            texts = len(window) / math.fsum(1 / seen.texts for seen in window)
            chance.add_metric([of], distance_by_chance(len(expected), len(window), texts))
            for name in expected:
                share.add_metric([of, name, "prompts"], found[name])
                share.add_metric([of, name, "baseline"], expected[name])
        yield from (distance, chance, prompts, share)


def _shares(window: Sequence[_Seen]) -> tuple[dict[str, float], dict[str, float]]:
    """Of each class among the prompts, and what the baseline has, of as many tokens as these prompts have."""
    counts = Counter(seen.name for seen in window)
    expected = {name: math.fsum(seen.expected[name] for seen in window) / len(window) for name in window[0].expected}
    return {name: counts[name] / len(window) for name in expected}, expected


def measure_distance(found: Sequence[float], expected: Sequence[float]) -> float:
    """Of two distributions over the same classes, which need not add up to 1."""
    return float(jensenshannon(found, expected, base=2))


def distance_by_chance(classes: int, prompts: int, texts: float) -> float:
    """What the distance of a sample of prompts from one of texts exceeds with probability CHANCE where both are of one
    distribution over `classes`. For small differences the divergence is an eighth of chi-square's distance, in nats,
    which follows chi-square's law as that of two samples does (Yurdakul and Naranjo 2020, for the population stability
    index, which is eight times as large)."""
    nats = chdtri(max(1, classes - 1), CHANCE) * (1 / prompts + 1 / texts) / 8
    return min(1.0, math.sqrt(nats / math.log(2)))
