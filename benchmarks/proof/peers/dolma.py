"""Dolma: WARC files -> documents, by the rules of Dolma v1.6 for Common Crawl, run by the Python of
benchmarks/.venvs/dolma.

    python dolma.py FOLDER_OF_WARCS OUTPUT

The steps, their order and their bounds are those of the configurations beside dolma's source (configs/dolma-v1_6,
Soldaini et al. 2024): lines without punctuation at their end go (C4), then Gopher's rules, exact copies of documents
and of paragraphs by Bloom filters, masks of personal data. Text is what its `warc` command takes by default, the main
content by resiliparse; Dolma itself began at the text of CCNet. Left out is what it would download: its models of toxic
text, and the tokenizer of its rule on repetitions.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

COMMAND = Path(sys.executable).parent / "dolma"
NAME = "documents.jsonl.gz"
C4, GOPHER, PERSONAL = "c4_v1", "gopher_v1", "pii_regex_with_counts_fast_v2"
COPIES, PARAGRAPHS = "copies", "paragraphs"
# A document is dropped where the value of an attribute is so.
DROPPED = {
    "word_count": ("< 50", "> 100000"),
    "median_word_length": ("< 3", "> 10"),
    "symbol_to_word_ratio": ("> 0.1",),
    "fraction_of_words_with_alpha_character": ("< 0.8",),
    "required_word_count": ("< 2",),
    "fraction_of_lines_starting_with_bullet_point": ("> 0.9",),
    "fraction_of_lines_ending_with_ellipsis": ("> 0.3",),
    "fraction_of_duplicate_lines": ("> 0.3",),
    "fraction_of_characters_in_duplicate_lines": ("> 0.3",),
    "fraction_of_characters_in_most_common_2grams": ("> 0.2",),
    "fraction_of_characters_in_most_common_3grams": ("> 0.18",),
    "fraction_of_characters_in_most_common_4grams": ("> 0.16",),
    **{
        f"fraction_of_characters_in_duplicate_{words}grams": (f"> {bound}",)
        for words, bound in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.10), strict=True)
    },
}
MASKED = ("EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS")


def attribute(tagger: str, name: str) -> str:
    """As `dolma tag` names it, with the tagger's own name for the experiment."""
    return f"{tagger}__{tagger}__{name}"


def dropped_where(name: str, condition: str) -> str:
    return f"$.attributes[?(@.{name} && @.{name}[0] && @.{name}[0][2] {condition})]"


def run(command: str, work: Path, **settings: Any) -> None:
    config = work / f"{command}.yaml"
    config.write_text(yaml.safe_dump(settings))
    done = subprocess.run([COMMAND, "--config", config, command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"dolma {command} failed:\n{done.stderr[-2_000:]}")


def tag(folder: Path, *taggers: str) -> None:
    for tagger in taggers:
        run("tag", folder, documents=[f"{folder}/documents/*.gz"], experiment=tagger, taggers=[tagger], processes=1)


def deduplicate(folder: Path, name: str, settings: dict[str, Any]) -> None:
    run(
        "dedupe",
        folder,
        documents=[f"{folder}/documents/*.gz"],
        dedupe={"name": name, "skip_empty": True, **settings},
        bloom_filter={
            "file": f"{folder}/{name}.bloom",
            "read_only": False,
            "estimated_doc_count": 1_000_000,
            "desired_false_positive_rate": 1e-6,
        },
        processes=1,
    )


def mix(source: Path, target: Path, attributes: list[str], drop: list[str], replace: dict[str, str]) -> None:
    run(
        "mix",
        source,
        streams=[
            {
                "name": "documents",
                "documents": [f"{source}/documents/*.gz"],
                "attributes": attributes,
                "output": {
                    "path": f"{target}/documents",
                    "max_size_in_bytes": 1 << 32,
                    "min_text_length": 1,
                    "discard_fields": ["attributes"],
                },
                **({"filter": {"include": [], "exclude": drop}} if drop else {}),
                "span_replacement": [
                    {"span": f"$.attributes.{name}", "min_score": 0.5, "replacement": text}
                    for name, text in replace.items()
                ],
            }
        ],
        processes=1,
    )


def main() -> None:
    warcs, output = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(output, ignore_errors=True)
    text, lines, clean = (output / name for name in ("text", "lines", "clean"))
    for folder in (text, lines, clean):
        folder.mkdir(parents=True)
    run(
        "warc",
        output,
        documents=[f"{warcs}/*.warc.gz"],
        destination=[f"{text}/documents"],
        source_name="proof",
        processes=1,
    )
    tag(text, C4)
    mix(text, lines, [C4], [], {attribute(C4, "lines_with_no_ending_punctuation"): ""})
    tag(lines, GOPHER, PERSONAL)
    deduplicate(lines, COPIES, {"documents": {"attribute_name": COPIES, "key": "$.text"}})
    deduplicate(lines, PARAGRAPHS, {"paragraphs": {"attribute_name": PARAGRAPHS}})
    mix(
        lines,
        clean,
        [GOPHER, PERSONAL, COPIES, PARAGRAPHS],
        [
            *(dropped_where(attribute(GOPHER, name), bound) for name, bounds in DROPPED.items() for bound in bounds),
            dropped_where(attribute(PERSONAL, "doc_count"), "> 5"),
            dropped_where(COPIES, ">= 1.0"),
        ],
        {PARAGRAPHS: "", **{attribute(PERSONAL, name): f" |||{name}||| " for name in MASKED}},
    )
    with (output / NAME).open("wb") as joined:
        for part in sorted((clean / "documents").glob("*.gz")):
            joined.write(part.read_bytes())


if __name__ == "__main__":
    main()
