"""Model card: README.md of a checkpoint, as Hugging Face's model cards are, with the scores and the risks that the lake
has of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from corpus.cards.data_card import digests_section, settings_section
from corpus.cards.facts import Facts, by_suffix, name_of
from corpus.cards.markdown import escape_markup, front_matter, table
from corpus.cards.measured_risks import risks_section
from corpus.lake.manifest import Manifest
from corpus.lake.stages import CHECKPOINT, CONTAMINATION, SCORE, SHARDS, SPLIT, TOKENS, UNIQUE, kinds_read
from corpus.lake.store import Lake

WEIGHTS = "model/model.safetensors"
LIMITS = """\
- It continues text. It was not trained to answer, to follow instructions or to decline.
- It may repeat what stands in its training text, which was filtered by rules alone, and say what is false or harmful.
- No licence of the training text is recorded, so that none is given for the model.
- Scores have 95 % intervals: a difference that is smaller than these may be chance."""

Score = Mapping[str, Any]


def find_scores(lake: Lake, model: Manifest) -> list[tuple[Manifest, Score]]:
    """The scores in the lake of a checkpoint, or of one with the same weights, by task, with what score.json holds."""
    weights = model.content(kinds_read(SCORE, CHECKPOINT))
    found = [one for one in Lake(lake.url).datasets(SCORE) if one.inputs.get(model.name) == weights]
    return [(one, json.loads(lake.fs.cat_file(f"{lake.folder(one)}/score/score.json"))) for one in found]


def write_model_card(lake: Lake, facts: Facts) -> str:
    """Of a dataset of the stage `checkpoint`. Without a score, it says so."""
    scores = find_scores(lake, facts.manifest)
    return "\n\n".join([_front_matter(facts, scores), *_sections(lake, facts, scores)]) + "\n"


def _front_matter(facts: Facts, scores: Sequence[tuple[Manifest, Score]]) -> str:
    results = [
        {
            "task": {"type": "text-generation"},
            "dataset": {"name": score["task"], "type": score["task"]},
            "metrics": [{"type": score["metric"], "name": score["metric"], "value": score["score"]["value"]}],
        }
        for _, score in scores
        if score["score"] is not None
    ]
    index = [{"name": name_of(facts.manifest), "results": results}] if results else None
    return front_matter(
        {
            "license": "other",
            "license_name": "unknown",
            "language": list(facts.languages),
            "library_name": "transformers",
            "pipeline_tag": "text-generation",
            "tags": ["headwater", "provenance"],
            "datasets": [name_of(split) for split in facts.of_stage(SPLIT)],
            "model-index": index,
        }
    )


def _sections(lake: Lake, facts: Facts, scores: Sequence[tuple[Manifest, Score]]) -> list[str]:
    manifest = facts.manifest
    crawls = escape_markup(", ".join(manifest.partition.split("+")))
    return [
        f"# {escape_markup(name_of(manifest))}",
        f"A language model, trained on documents of {crawls}. Each of them can be followed back to its record.",
        *_start(manifest),
        "## How to load it",
        "In the folder of the lake:",
        "```python\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        f'model = AutoModelForCausalLM.from_pretrained("checkpoint/{manifest.address}/model")\n'
        f'tokenizer = AutoTokenizer.from_pretrained("checkpoint/{manifest.address}/model")\n'
        'prompt = tokenizer("The module", return_tensors="pt", return_token_type_ids=False)\n'
        "print(tokenizer.decode(model.generate(**prompt, max_new_tokens=20)[0]))\n"
        "```",
        "## Shape",
        _shape(lake, manifest),
        "## Training text",
        *_training_text(facts),
        "## Training",
        _budget(facts),
        table(("setting", "value"), sorted(manifest.config["train"].items())),
        *settings_section(facts),
        "## Scores",
        *_scores(scores, facts),
        *risks_section(lake, manifest),
        "## Limits",
        LIMITS,
        *digests_section(facts),
    ]


def _start(manifest: Manifest) -> list[str]:
    if "start" not in manifest.inputs:
        return []
    return [
        f"Its training began with the weights of another model, of the digest {manifest.inputs['start']}. What that "
        f"model was trained on is not told here."
    ]


def _shape(lake: Lake, manifest: Manifest) -> str:
    rows = [("parameters", count_parameters(lake, manifest)), ("architecture", "Qwen3ForCausalLM")]
    return table(("", "value"), [*rows, *sorted(manifest.config["model"].items())])


def count_parameters(lake: Lake, manifest: Manifest) -> int:
    """Of the weights, by the header of the safetensors file: 8 bytes of its length, then JSON with each shape."""
    path = f"{lake.folder(manifest)}/{WEIGHTS}"
    length = int.from_bytes(lake.fs.cat_file(path, start=0, end=8), "little")
    header: dict[str, Any] = json.loads(lake.fs.cat_file(path, start=8, end=8 + length))
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def _training_text(facts: Facts) -> list[str]:
    """Documents by crawl, tokens by language, and the groups of a mix where there is one."""
    crawls = [(one.partition, one.counts.kept, one.figures.get("text_bytes")) for one in facts.of_stage(UNIQUE)]
    sections = [table(("crawl", "unique documents", "bytes of text"), crawls)]
    for tokens in facts.of_stage(TOKENS):
        languages = list(by_suffix(tokens.figures, "train_tokens:").items())
        sections.append(table(("language", "training tokens before a mix"), languages))
    for shards in facts.of_stage(SHARDS):
        names = ("train_documents", "train_tokens", "heldout_documents", "heldout_tokens", "train_fingerprint")
        sections.append(table(("shards", "value"), [(name, shards.figures.get(name)) for name in names]))
        if mix := shards.figures.get("mix"):
            rows = [(one["name"], one["taken_documents"], one["taken_tokens"], one["factor"]) for one in mix["groups"]]
            sections.append(table((f"mix by {mix['by']}", "documents taken", "tokens taken", "times"), rows))
    return sections


def _budget(facts: Facts) -> str:
    """Steps, tokens read and how often each was, and the losses at the end."""
    manifest, train = facts.manifest, facts.manifest.config["train"]
    figures = manifest.figures
    rows: list[tuple[str, Any]] = [
        ("steps", figures["step"]),
        ("tokens of a step", train["global_batch"] * train["context"]),
        ("tokens read", figures["tokens"]),
    ]
    for shards in facts.of_stage(SHARDS):
        rows.append(("times that each training token was read", figures["tokens"] / shards.figures["train_tokens"]))
    rows.append(("processes", manifest.config["processes"]))
    rows += [(name, figures[key]) for name, key in _LOSSES if figures.get(key) is not None]
    return table(("budget", "value"), rows)


_LOSSES = (("last training loss, nats a token", "loss"), ("held-out loss, nats a token", "heldout_loss"))


def _scores(scores: Sequence[tuple[Manifest, Score]], facts: Facts) -> list[str]:
    if not scores:
        return ["Not scored yet: the asset `model_card` and `headwater card` write this file again once it is."]
    beside = sorted({name for _, score in scores for name in score["beside"]})
    rows = []
    for manifest, score in scores:
        main = score["score"] or {"value": None, "low": None, "high": None}
        interval = f"{main['low']:.4g} to {main['high']:.4g}" if score["score"] else "nothing to ask"
        others = [(score["beside"].get(name) or {}).get("value") for name in beside]
        row = (score["task"], score["metric"], main["value"], interval, score["n"], score["chance"], *others)
        rows.append((*row, manifest.digest[:12]))
    header = ("task", "metric", "score", "95 % interval", "items", "chance", *beside, "score dataset")
    return [table(header, rows), _left_out(facts)]


def _left_out(facts: Facts) -> str:
    """Of which benchmarks the items were kept out of the training text."""
    inputs = {name for one in facts.of_stage(CONTAMINATION) for name in one.inputs}
    tasks = sorted(name.removeprefix("benchmark/") for name in inputs if name.startswith("benchmark/"))
    if not tasks:
        return "No document was left out of the training text because it holds an item of a benchmark."
    return f"Documents that hold items of {escape_markup(', '.join(tasks))} were left out of the training text."
