"""Golden digests: what every data stage makes of a fixed crawl, recorded beside the version of the stage's code.

A stage whose output changes needs a new version, or a lake goes on with what the old code made. Digests are of content
alone: of the files and counts of a stage's datasets, not of the versions, configurations and inputs in their manifests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from every_stage import run_stages

import pipelines
from corpus.contamination.policy import CONTAMINATED
from corpus.lake.manifest import Manifest, canonical_json, sha256
from corpus.lake.store import Lake, file_sha256
from pipelines.engine import Engine

CRAWL = "crawl"
# What each stage reads stands above it: (version of its code, digest of what it made).
GOLDEN: dict[str, tuple[int, str]] = {
    CRAWL: (0, "60fa0af855126cb9"),
    "documents": (9, "41aeaacaddff57c0"),
    "measures": (3, "153fe17c32a2ca65"),
    "clean": (4, "4e9e740c31bf2200"),
    "repeats": (1, "7ac31dae7b4aaa35"),
    "trimmed": (1, "8870aa238b5282ee"),
    "signatures": (4, "bac116dac7e7980e"),
    "duplicates": (3, "2bc18730c9d4f448"),
    "unique": (2, "45afff52faa1f60b"),
    "benchmark": (2, "c95625fc797a05eb"),
    "contamination": (1, "c5d012768ab6c71f"),
    "split": (2, "9633ec7450c3c4d7"),
    "items": (2, "9425ff503b6e9cb2"),
    "tokenizer": (2, "8dad3596dda8d38e"),
    "tokens": (2, "848e2914e96deb10"),
    "shards": (2, "0f1bfa60e401af74"),
    "text_index": (1, "afa36572a561721b"),
}
# Versions of libraries and of Python are part of a dataset's address: where one changes a digest, no new version of the
# stage is needed.
RECORDED_WITH = (
    "datasketch=2.0.0 eldc=0.4.0 fastwarc=2.0.1 isal=1.9.1 justext=3.0.2 lxml=6.1.3 "
    "mwparserfromhell=0.7.2 numpy=2.4.6 parquet=2 phonenumbers=9.0.43 py3langid=0.4.0 pyarrow=25.0.1 "
    "python=3.11 resiliparse=2.0.1 tiktoken=0.14.0 tokenizers=0.23.3 trafilatura=2.3.1"
)
MODULES = {
    "documents": "ingestion",
    "measures": "measures",
    "clean": "cleaning",
    "repeats": "repeats",
    "trimmed": "trimming",
    "signatures": "duplicates.signatures",
    "duplicates": "duplicates.stage",
    "unique": "deduplication",
    "benchmark": "benchmark",
    "contamination": "contamination",
    "split": "holdout",
    "items": "holdout",
    "tokenizer": "vocabulary",
    "tokens": "tokenization",
    "shards": "shards",
    "text_index": "text_index",
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a stage made. `reads`: the stages of its inputs; `libraries`: what it names in its code version."""

    version: int
    digest: str
    reads: frozenset[str] = frozenset()
    libraries: Mapping[str, str] = field(default_factory=dict)


def what_was_made(folder: Path, lake: Lake) -> dict[str, Made]:
    """`folder`: as given to run_stages."""
    files = {str(path.relative_to(folder)): file_sha256(path) for path in folder.glob("input/**/*") if path.is_file()}
    made = {CRAWL: Made(version=0, digest=_digest(files))}
    return made | {stage: _made(list(lake.datasets(stage))) for stage in MODULES}


def _digest(content: object) -> str:
    return sha256(canonical_json(content))[:16]


def _made(manifests: Sequence[Manifest]) -> Made:
    """Of all datasets of a stage together; their order must not be that of their addresses."""
    contents = [
        {"partition": one.partition, "files": [asdict(entry) for entry in one.files], "counts": asdict(one.counts)}
        for one in manifests
    ]
    version, *libraries = manifests[0].code_version.split()
    reads = {name.partition("/")[0] for manifest in manifests for name in manifest.inputs}
    if CONTAMINATED in reads:
        reads.add("contamination")
    return Made(
        version=int(version),
        digest=_digest(sorted(contents, key=canonical_json)),
        reads=frozenset(reads & MODULES.keys()) or frozenset({CRAWL}),
        libraries=_libraries(libraries),
    )


def _libraries(pairs: Sequence[str]) -> dict[str, str]:
    return {name: version for name, _, version in (pair.partition("=") for pair in pairs)}


def differences(made: Mapping[str, Made], golden: Mapping[str, tuple[int, str]]) -> list[str]:
    """A line for each stage that is not as recorded, upstream first: what is to be done about it."""
    found, order = [], list(golden)  # of an earlier crawl, a stage may read itself and what stands below it
    changed = {stage for stage, (_, digest) in golden.items() if made[stage].digest != digest}
    for stage, (version, digest) in golden.items():
        one = made[stage]
        if (one.version, one.digest) == (version, digest):
            continue
        record = f'record "{stage}": ({one.version}, "{one.digest}")'
        if stage == CRAWL:
            found.append(f"the fixed crawl changed, so all that follows may: put it back, or {record}")
        elif one.version != version:
            output = "and its output" if stage in changed else "and not its output"
            found.append(f"version of stage {stage} changed from {version} to {one.version}, {output}: {record}")
        elif upstream := [name for name in order[: order.index(stage)] if name in changed & one.reads]:
            found.append(
                f"output of stage {stage} changed with what it reads, {', '.join(upstream)}: {record}, and raise its "
                f"VERSION only where its own code changed too"
            )
        else:
            found.append(
                f"output of stage {stage} changed without a new version: raise VERSION in "
                f"pipelines.{MODULES[stage]} (unless only a default of its configuration changed, which is part of "
                f'its address), then record the new digest, "{stage}": ({version + 1}, "{one.digest}")'
            )
    return found


def other_libraries(made: Mapping[str, Made]) -> list[str]:
    recorded = _libraries(RECORDED_WITH.split())
    here = {name: version for one in made.values() for name, version in one.libraries.items()}
    return [
        f"recorded with {name} {recorded.get(name)}, here is {here.get(name)}: no new version is needed for that"
        for name in sorted(here.keys() | recorded.keys())
        if here.get(name) != recorded.get(name)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="module")
def lake(folder: Path) -> Lake:
    return run_stages(folder, Engine(workers=1))


def test_no_output_changes_without_a_new_version(folder: Path, lake: Lake) -> None:
    made = what_was_made(folder, lake)
    found = differences(made, GOLDEN)
    assert not found, "\n".join(["", *found, *other_libraries(made)])


def test_every_stage_is_recorded() -> None:
    folder = Path(pipelines.__file__).parent
    versioned = {
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if re.search(r"^VERSION = ", path.read_text(), re.MULTILINE)
    }
    assert versioned == set(MODULES.values())
    assert list(GOLDEN) == [CRAWL, *MODULES]


def test_every_stage_finds_something_to_do(lake: Lake) -> None:
    lost: dict[str, set[str]] = {}
    figures: dict[str, int] = {}
    for manifest in lake.datasets():
        lost.setdefault(manifest.stage, set()).update(manifest.counts.dropped, manifest.counts.quarantined)
        figures |= {f"{manifest.stage} {name}": n for name, n in manifest.figures.items() if n}
    assert {name: reasons for name, reasons in lost.items() if reasons} == {
        "documents": {
            *("not_a_response:request", "http_status", "not_html", "no_text_field", "opt_out:noai"),
            *("corrupt_gzip", "truncated", "bad_json"),
        },
        "clean": {"gopher_words", "gopher_symbols", "duplicate_lines", "duplicate_5grams"},
        "trimmed": {"only_repeated_text"},
        "unique": {"exact_duplicate", "near_duplicate"},
        "split": {"contaminated", "near_held_out"},
        "shards": {"down_sampled", "not_in_mix"},
    }
    assert figures.keys() >= {
        *("clean language:de", "clean language:en", "clean language:zh", "clean masked:email", "clean masked:phone"),
        *("trimmed repeated_line:cuts", "trimmed repeated_span:cuts", "contamination removals"),
        *("items last_word", "items continuation"),
    }


BEFORE = {"clean": (3, "a"), "unique": (2, "b"), "split": (2, "c")}


def made_of(clean: tuple[int, str], unique: tuple[int, str], split: tuple[int, str]) -> dict[str, Made]:
    chain = (("clean", clean, "measures"), ("unique", unique, "clean"), ("split", split, "unique"))
    return {name: Made(version=one[0], digest=one[1], reads=frozenset({reads, "unique"})) for name, one, reads in chain}


def test_a_change_without_a_new_version_is_told_from_what_follows_from_it() -> None:
    assert not differences(made_of((3, "a"), (2, "b"), (2, "c")), BEFORE)
    first, second = differences(made_of((3, "x"), (2, "y"), (2, "c")), BEFORE)
    assert first.startswith("output of stage clean changed without a new version: raise VERSION in pipelines.cleaning")
    assert first.endswith('record the new digest, "clean": (4, "x")')
    assert second.startswith('output of stage unique changed with what it reads, clean: record "unique": (2, "y")')


def test_a_new_version_is_to_be_recorded() -> None:
    first, second = differences(made_of((4, "x"), (2, "b"), (3, "c")), BEFORE)
    assert first == 'version of stage clean changed from 3 to 4, and its output: record "clean": (4, "x")'
    assert second == 'version of stage split changed from 2 to 3, and not its output: record "split": (3, "c")'
