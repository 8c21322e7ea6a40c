"""Perturbations: texts as people also write them. A reader understands them as before; a model may not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

# Letters of Cyrillic and Greek that look like these (Unicode Technical Standard 39, confusables).
LOOK_ALIKE = str.maketrans("aceopxyABEHKMOPTX", "асеорхуАВЕНКМОРТХ")
Perturb = Callable[[str, random.Random], str]
RATE = 0.05  # of the places that can be changed


def misspell(text: str, dice: random.Random) -> str:
    """Of some letters the one behind is written before it, is left out, or is written twice."""
    letters, place = list(text), 0
    while place < len(letters) - 1:
        if letters[place].isalpha() and letters[place + 1].isalpha() and dice.random() < RATE:
            kind = dice.randrange(3)
            if kind == 0:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
            elif kind == 1:
                letters[place + 1] = ""
            else:
                letters[place + 1] *= 2
            place += 1
        place += 1
    return "".join(letters)


def disguise(text: str, dice: random.Random) -> str:
    """Some letters are replaced by those of other scripts that look alike."""
    return "".join(letter.translate(LOOK_ALIKE) if dice.random() < RATE else letter for letter in text)


def capitalize(text: str, dice: random.Random) -> str:
    return text.upper()


def spread(text: str, dice: random.Random) -> str:
    """Some spaces are two, and some become the end of a line."""
    return "".join(dice.choice(("  ", "\n")) if letter == " " and dice.random() < RATE else letter for letter in text)


PERTURBATIONS: dict[str, Perturb] = {
    "typing errors": misspell,
    "look-alike letters": disguise,
    "capitals": capitalize,
    "spaces": spread,
}


def perturb(texts: Sequence[str], how: Perturb, seed: int = 0) -> list[str]:
    """The same for the same seed, each text by itself."""
    return [how(text, random.Random(f"{seed} {text}")) for text in texts]
