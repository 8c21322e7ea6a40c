"""Arms: what models are trained on, each a recipe on a crawl: pages that Headwater reads, or documents of a peer, which
it takes as they are. Vocabulary, model and budget are the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus.selection.model import Measure
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
LARGE_HOSTS = ("www.archive.org", "data.gov.uk", "maria-antoniak.github.io")  # of the English pages


@dataclass(frozen=True, kw_only=True)
class Arm:
    """`crawl`: below the folder of the inputs. `changes`: of the recipe BASE. `about`: what its documents are.
    `selected_by`: the measure by which a half of them is kept (docs/selection.md). `language`: the only one that its
    rules are for, where there is one. `seeds`: how many runs it has, where nothing else is asked. `decided`: what its
    result, in docs/proof.md, came to."""

    name: str
    about: str
    crawl: str = PAGES
    changes: Mapping[str, Any] = field(default_factory=dict)
    selected_by: Measure | None = None
    language: str | None = None
    seeds: int = 3
    decided: str = ""


HEADWATER = Arm(name="headwater", about="Headwater's recipe `base`", seeds=5)
RAW = Arm(name="raw", about="all text of each page, by resiliparse", crawl="raw.jsonl", changes=AS_IS, seeds=5)
FINEWEB = Arm(
    name="fineweb",
    about="datatrove's FineWeb recipe: trafilatura, its filters, MinHash",
    crawl="fineweb/unique/documents.jsonl",
    changes=AS_IS,
    language="en",  # its stop words
    seeds=5,
)
DOLMA = Arm(
    name="dolma",
    about="Dolma's rules for Common Crawl: resiliparse, lines with punctuation, Gopher's rules, exact copies",
    crawl="dolma/documents.jsonl.gz",
    changes=AS_IS,
    language="en",
    seeds=5,
)
# Made of Headwater's documents (benchmarks/proof/parts.py).
CONTROLS = (
    Arm(
        name="half",
        about="a half of Headwater's documents, chosen by chance",
        crawl="half.jsonl",
        changes=AS_IS,
        decided="a control: it is told apart",
    ),
    Arm(
        name="doubled",
        about="the same half twice",
        crawl="doubled.jsonl",
        changes=AS_IS,
        decided="a control: it is told apart",
    ),
)
SELECTED = (
    Arm(
        name="ratio",
        about="the half that is most like other texts of people",
        selected_by="ratio",
        decided="better than a half by chance, worse than all; selection stays off, and this its default way",
    ),
    Arm(
        name="perplexity",
        about="the half whose words other texts of people have most",
        selected_by="perplexity",
        decided="hardly better than a half by chance; it stays an option",
    ),
    Arm(
        name="mixed",
        about="a hundredth of the tokens from each of the three hosts with the most pages",
        changes={"shards": {"mix": {"by": "host", "shares": {**dict.fromkeys(LARGE_HOSTS, 0.01), "*": 0.97}}}},
        language="en",
        decided="within noise; no mix by default",
    ),
)
# Of those documents of Headwater of which the crawl has exact copies, and as many others (benchmarks/proof/parts.py).
# They are compared with ONCE. The last is a control: what twice as much of a half of them does, whichever half.
ONCE = Arm(name="once", about="each document once", crawl="once.jsonl", changes=AS_IS)
TWICE = Arm(name="twice", about="with the copies that the crawl has", crawl="twice.jsonl", changes=AS_IS)
OTHERS = Arm(name="others-twice", about="with copies of the others instead", crawl="others.jsonl", changes=AS_IS)
COPIES = (ONCE, TWICE, OTHERS)
STEPS = (
    Arm(
        name="with-duplicates",
        about="without deduplication",
        changes={"duplicates": {"scope": "off"}},
        decided="no effect seen at this size, where nothing is read twice; deduplication stays",
    ),
    Arm(
        name="trimmed",
        about="without lines that many pages of a host repeat",
        changes={"trim": {"lines": {}}},
        decided="its text is 174 tokens shorter: what is seen is chance; trimming stays off",
    ),
    Arm(
        name="trafilatura",
        about="main text by trafilatura",
        changes={"ingest": {"extract": {"extractor": "trafilatura"}}},
        decided="within noise; ours stays",
    ),
    Arm(
        name="justext",
        about="main text by jusText",
        changes={"ingest": {"extract": {"extractor": "justext"}}},
        decided="within noise; ours stays",
    ),
    Arm(
        name="no-rules",
        about="without all quality rules",
        changes={"clean": {"rules": dict.fromkeys(RULES, NONE)}},
        decided="the rules stay: they are worth nearly as much as twice the documents",
    ),
)
EACH_RULE = tuple(
    Arm(
        name=f"no-{rule}",
        about=f"without the rule {rule}",
        changes={"clean": {"rules": {rule: NONE}}},
        decided="no effect of it alone seen at this size; it stays for what all rules do together",
    )
    for rule in RULES
)
# What `make proof PROOF=NAME` compares with HEADWATER.
EXPERIMENTS: dict[str, tuple[Arm, ...]] = {
    "main": (RAW, FINEWEB),
    "dolma": (DOLMA,),
    "controls": CONTROLS,
    "steps": STEPS,
    "rules": EACH_RULE,
    "selection": SELECTED,
    "copies": COPIES,
}
