"""Topics: texts of two topics whose words stand near each other, with function words that both have."""

from __future__ import annotations

import random

FARM = ("cow", "barn", "milk", "hay", "sheep", "field", "tractor", "harvest")
CODE = ("compiler", "loop", "function", "module", "thread", "queue", "array", "pointer")
SHARED = ("the", "of", "and")


def topic_texts(number: int = 400, words: int = 24) -> list[str]:
    """By turns of one topic and of the other; each word by chance, the same on every call."""
    draw = random.Random(5)
    return [
        " ".join(draw.choice(SHARED if draw.random() < 0.3 else topic) for _ in range(words))
        for number in range(number)
        for topic in [(FARM, CODE)[number % 2]]
    ]
