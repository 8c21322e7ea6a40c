"""Data card: README.md of the text, as Hugging Face's dataset cards are: `datasets.load_dataset` on the folder reads
the training and held-out documents by the paths that its front matter names."""

from __future__ import annotations

from glob import escape

from corpus.cards.columns import describe_columns
from corpus.cards.facts import Facts, digest_rows, fates, name_of
from corpus.cards.markdown import escape_markup, front_matter, table
from corpus.lake.parquet import read_schema
from corpus.lake.stages import UNIQUE
from corpus.lake.store import Lake

SPLITS = ("train", "heldout")
SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")  # Hugging Face's own steps
LIMITS = """\
- No licence is recorded: the texts belong to those who wrote them.
- Filters are rules with thresholds, and the language is identified by a classifier: some good pages are gone, some bad
  ones are here. Every page that is gone stands in a ledger of its stage, with the reason and what was measured.
- Personal data is masked where its form is recognised. Names, and whatever has no such form, are still there."""


def write_data_card(lake: Lake, facts: Facts) -> str:
    """Of a dataset of the stage `split`."""
    manifest = facts.manifest
    head = front_matter(
        {
            "pretty_name": f"Text of {manifest.partition}",
            "license": "other",
            "license_name": "unknown",
            "language": list(facts.languages),
            "task_categories": ["text-generation"],
            "tags": ["headwater", "web-crawl", "provenance"],
            "size_categories": [_size(manifest.counts.kept)],
            "configs": [
                {
                    "config_name": "default",
                    "data_files": [
                        {"split": kind, "path": [escape(entry.path) for entry in manifest.of_kind(kind)]}
                        for kind in SPLITS
                    ],
                }
            ],
        }
    )
    return "\n\n".join([head, *_sections(lake, facts)]) + "\n"


def _sections(lake: Lake, facts: Facts) -> list[str]:
    manifest = facts.manifest
    numbers = [(kind, sum(entry.rows for entry in manifest.of_kind(kind))) for kind in SPLITS]
    first = manifest.of_kind(SPLITS[0])[0]
    described = describe_columns(read_schema(lake.fs, f"{lake.folder(manifest)}/{first.path}"))
    columns = [(name, str(kind).partition("<")[0], text) for name, kind, text in described]
    crawls = [(one.partition, one.counts.kept, one.figures.get("text_bytes")) for one in facts.of_stage(UNIQUE)]
    return [
        f"# {escape_markup(name_of(manifest))}",
        f"Documents of {escape_markup(', '.join(manifest.partition.split('+')))} as text: what is trained on, and what "
        "is held out from it. Each has the file, offset and length of the record that it came from.",
        "```python\n"
        "from datasets import load_dataset\n\n"
        f'pages = load_dataset("split/{manifest.address}")  # this folder\n'
        'print(pages["train"][0]["text"])\n'
        "```",
        table(("split", "documents"), numbers),
        "## Columns",
        table(("column", "type", "what it holds"), columns),
        "## Where it comes from",
        table(("crawl", "unique documents", "bytes of text"), crawls),
        table(("language", "unique documents"), list(facts.languages.items())),
        "## What became of the records",
        table(("stage", "crawls", "records", "kept", "not kept"), fates(facts)),
        *settings_section(facts),
        "## Limits",
        LIMITS,
        *digests_section(facts),
    ]


def settings_section(facts: Facts) -> list[str]:
    """The settings that differ from the recipe `base`."""
    rows = [(one.name, one.value, one.base) for one in facts.settings]
    said = table(("setting", "value", "in base"), rows) if rows else "None: all are those of the recipe `base`."
    return ["## Settings that differ from the recipe base", said]


def digests_section(facts: Facts) -> list[str]:
    files = len(facts.source_files)
    rows = digest_rows(facts)
    listed = any(row[0] == "file of a crawl" for row in rows)
    more = [f"The {files:,} files of the crawls stand with their digests in the manifests of `documents`."]
    return [
        "## Digests",
        "SHA-256 of each manifest, which has the SHA-256 of each file: `headwater verify` reads all of them again.",
        table(("stage", "of", "address", "SHA-256"), rows),
        *([] if listed else more),
    ]


def _size(documents: int) -> str:
    """As Hugging Face says it, such as 1K<n<10K."""
    step = max(0, len(str(documents)) - 3)
    return f"{SIZES[step - 1]}<n<{SIZES[step]}" if step else f"n<{SIZES[0]}"
