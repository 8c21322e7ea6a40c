"""Arms: what models are trained on, each a recipe on a crawl: pages that Headwater reads, or documents of a peer, which
it takes as they are. Vocabulary, model and budget are the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recipes.named import RECIPES
from recipes.values import NONE

BASE = "base"
RULES = [rule.name for rule in RECIPES[BASE].clean.rules]
# Takes documents as they are: no rule, no mask, no deduplication.
AS_IS: dict[str, Any] = {
    "clean": {"rules": dict.fromkeys(RULES, NONE), "mask": [], "language_score": 0.0},
    "duplicates": {"scope": "off"},
}
PAGES = "crawl"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """`crawl`: below the folder of the inputs. `changes`: of the recipe BASE. `about`: what its documents are."""

    name: str
    about: str
    crawl: str = PAGES
    changes: Mapping[str, Any] = field(default_factory=dict)


HEADWATER = Arm(name="headwater", about="Headwater's recipe `base`")
RAW = Arm(name="raw", about="all text of each page, by resiliparse", crawl="raw.jsonl", changes=AS_IS)
FINEWEB = Arm(
    name="fineweb",
    about="datatrove's FineWeb recipe: trafilatura, its filters, MinHash",
    crawl="fineweb/unique/documents.jsonl",
    changes=AS_IS,
)
HALF = Arm(
    name="half",
    about="a half of Headwater's documents, chosen by chance",
    crawl="half.jsonl",
    changes=AS_IS,
)
DOUBLED = Arm(
    name="doubled",
    about="the same half twice, in place of the other half",
    crawl="doubled.jsonl",
    changes=AS_IS,
)
STEPS = (
    Arm(name="with-duplicates", about="without deduplication", changes={"duplicates": {"scope": "off"}}),
    Arm(name="trimmed", about="without lines that many pages of a host repeat", changes={"trim": {"lines": {}}}),
    Arm(
        name="trafilatura",
        about="main text by trafilatura",
        changes={"ingest": {"extract": {"extractor": "trafilatura"}}},
    ),
    Arm(name="justext", about="main text by jusText", changes={"ingest": {"extract": {"extractor": "justext"}}}),
    Arm(name="no-rules", about="without quality rules", changes={"clean": {"rules": dict.fromkeys(RULES, NONE)}}),
)
EACH_RULE = tuple(
    Arm(name=f"no-{rule}", about=f"without the rule {rule}", changes={"clean": {"rules": {rule: NONE}}})
    for rule in RULES
)
# What `make proof PROOF=NAME` compares with HEADWATER.
EXPERIMENTS: dict[str, tuple[Arm, ...]] = {
    "main": (RAW, FINEWEB),
    "controls": (HALF, DOUBLED),
    "steps": STEPS,
    "rules": EACH_RULE,
}
