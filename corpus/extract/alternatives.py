"""Others: the extractors that can be chosen in place of Headwater's own, and which of several texts is the best."""

from __future__ import annotations

from functools import cache

from corpus.text.normal_form import normalise, words

JUSTEXT_LANGUAGES = ("English", "German", "French", "Spanish", "Italian", "Portuguese", "Russian", "Dutch", "Polish")


def extract_alternatives(html: str, which: str) -> dict[str, str]:
    """The main text by "trafilatura", "justext", or for "union" by each; only of those that found one. Their own
    failures count as finding none: what they raise on odd pages is of no kind in particular."""
    found = {}
    for name, run in (("trafilatura", _trafilatura), ("justext", _justext)):
        if which in (name, "union"):
            try:
                text = normalise(run(html))
            except Exception:
                continue
            if text.strip():
                found[name] = text
    return found


def choose_by_agreement(found: dict[str, str]) -> str:
    """The name of the text that the others agree with most: the highest mean overlap of words (F1), the first of
    equals. With two, the longer: neither can outvote the other."""
    if len(found) < 3:
        return max(found, key=lambda name: len(found[name]))
    bags = {name: set(words(text)) for name, text in found.items()}

    def overlap(one: str, other: str) -> float:
        return 2 * len(bags[one] & bags[other]) / max(1, len(bags[one]) + len(bags[other]))

    return max(found, key=lambda name: sum(overlap(name, other) for other in found if other != name))


def _trafilatura(html: str) -> str:
    import trafilatura  # a tenth of a second, which the default has no use for

    # Its own deduplication remembers other pages' paragraphs: the text would depend on what was read before.
    return trafilatura.extract(html, deduplicate=False) or ""


def _justext(html: str) -> str:
    import justext

    return "\n".join(block.text for block in justext.justext(html, _stop_words()) if not block.is_boilerplate)


@cache
def _stop_words() -> frozenset[str]:
    import justext

    return frozenset().union(*(justext.get_stoplist(language) for language in JUSTEXT_LANGUAGES))
