"""Drift: how far the last prompts are from the texts of a baseline, in language, length and bits per byte.

Compared by the Jensen-Shannon distance (Lin 1991, Endres and Schindelin 2003): 0 where the shares of all classes are
equal, 1 where no class is in both. Of a prompt its classes alone are kept.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as CountMetric
from prometheus_client.core import GaugeMetricFamily, Metric
from scipy.spatial.distance import jensenshannon
from scipy.special import chdtri

from training.serving.baseline import Baseline, language_of
from training.serving.logs import log_fault
from training.serving.prompt_bits import PromptBits

BEHIND = 1_000  # prompts that wait to be looked at; more are left out
CHANCE = 0.05
TOKENS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
BITS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


class Drift:
    """`observe` is called by the engine; all else is done in a thread of its own. A collector of Prometheus."""

    def __init__(
        self, baseline: Baseline, decode: Callable[[list[int]], str], prompts: int, registry: CollectorRegistry
    ) -> None:
        """`prompts`: how many of the last are compared."""
        self._baseline, self._decode = baseline, decode
        self._thread, self._lock, self._behind = ThreadPoolExecutor(1, "drift"), Lock(), 0
        self._seen: dict[str, deque[tuple[str, int]]] = {of: deque(maxlen=prompts) for of in baseline.shares}
        self._tokens = Histogram(
            "headwater_prompt_length_tokens", "Of prompts that were read", buckets=TOKENS, registry=registry
        )
        self._bits = Histogram(
            "headwater_prompt_bits_per_byte", "Of the prompts' first tokens", buckets=BITS, registry=registry
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
            self._thread.submit(self._classify, prompt, bits)
        except RuntimeError:  # the server is about to end
            return

    def stop(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _classify(self, prompt: Sequence[int], bits: PromptBits | None) -> None:
        found: dict[str, tuple[str, int]] = {}
        try:
            found = dict(self._classes(prompt, bits))
        except Exception as error:  # its message may quote the prompt
            log_fault("drift", error)
        with self._lock:
            self._behind -= 1
            for of, one in found.items():
                self._seen[of].append(one)

    def _classes(self, prompt: Sequence[int], bits: PromptBits | None) -> Iterator[tuple[str, tuple[str, int]]]:
        """By what is compared the class of a prompt, and of how many texts the share of that class is known."""
        baseline = self._baseline
        yield "language", (baseline.language_class(language_of(prompt, self._decode)), baseline.texts)
        yield "length", (baseline.length_class(len(prompt)), baseline.texts)
        self._tokens.observe(len(prompt))
        level = baseline.level(bits.lengths) if bits is not None else None
        if bits is None or level is None or (value := bits.per_byte(level, self._decode)) is None:
            return
        yield "bits_per_byte", (baseline.bits_class(level, value), baseline.levels[level].texts)
        self._bits.observe(value)

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            seen = {of: list(window) for of, window in self._seen.items()}
        distance = GaugeMetricFamily(
            "headwater_drift_distance", "Jensen-Shannon distance of the last prompts from the baseline", labels=["of"]
        )
        chance = GaugeMetricFamily(
            "headwater_drift_distance_by_chance",
            "What the distance exceeds in one of 20 cases where nothing differs",
            labels=["of"],
        )
        prompts = GaugeMetricFamily("headwater_drift_prompts", "Prompts that were compared", labels=["of"])
        share = GaugeMetricFamily("headwater_drift_share", "Of the last prompts, by class", labels=["of", "class"])
        base = GaugeMetricFamily("headwater_baseline_share", "Of the baseline, by class", labels=["of", "class"])
        for of, expected in self._baseline.shares.items():
            window = seen[of]
            counts = Counter(name for name, _ in window)
            prompts.add_metric([of], len(window))
            for name, value in expected.items():
                base.add_metric([of, name], value)
                if window:
                    share.add_metric([of, name], counts[name] / len(window))
            if window:
                shares = [counts[name] for name in expected]
                distance.add_metric([of], measure_distance(shares, list(expected.values())))
                texts = len(window) / math.fsum(1 / texts for _, texts in window)
                chance.add_metric([of], distance_by_chance(len(expected), len(window), texts))
        yield from (distance, chance, prompts, share, base)


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
