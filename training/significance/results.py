"""Results: what one checkpoint got on one task, in a folder that is the same bytes each time.

    items.parquet  a row an item, ITEMS and one float64 column for each metric that the task has
    score.json     the task, its metric, the score and its interval, and the digests of all that went in

Every metric is a ratio of sums over items, sum(value) / sum(weight): a share of correct answers has weights of 1, bits
per byte has bits over bytes. So all intervals and comparisons know one form.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus.lake.manifest import canonical_json
from training.checkpoints.files import write_atomic
from training.significance.intervals import estimate

ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),  # names the item within its task
        pa.field("doc_hash", pa.string(), nullable=False),  # SHA-256 of the item, as lm-eval has it
        pa.field("prompt_hash", pa.string(), nullable=False),  # SHA-256 of all that the model was asked about it
        pa.field("cluster", pa.string(), nullable=False),  # equal for items about one passage
        pa.field("group", pa.string(), nullable=False),  # a subject, a phenomenon; "" where a task has none
        pa.field("gold", pa.int32()),  # the right choice; null where there are none to choose from
        pa.field("log_likelihoods", pa.list_(pa.float64()), nullable=False),  # nats, of each choice
        pa.field("greedy", pa.list_(pa.bool_()), nullable=False),  # whether all tokens of it were the likeliest
        pa.field("characters", pa.list_(pa.int32()), nullable=False),  # of each choice: its length norms
        pa.field("bytes", pa.list_(pa.int32()), nullable=False),
        pa.field("generated", pa.string()),  # null where nothing is generated
        pa.field("value", pa.float64(), nullable=False),  # the task's main metric, ...
        pa.field("weight", pa.float64(), nullable=False),  # ... over this
    ]
)

# What a comparison reads of score.json.
REQUIRED = {"task", "version", "definition", "metric", "higher_is_better", "chance", "inputs"}


class Results(NamedTuple):
    score: dict[str, Any]
    items: pa.Table

    @property
    def task(self) -> str:
        return str(self.score["task"])


def estimate_score(items: pa.Table, column: str = "value") -> dict[str, Any]:
    """A metric over items, with its interval at 95 % and its standard error."""
    clusters = items["cluster"].to_pylist()
    return estimate(items[column].to_numpy(), items["weight"].to_numpy(), clusters)._asdict()


def estimate_without(items: pa.Table, matched: Collection[str]) -> dict[str, Any]:
    """The score of the `n` items that are not in `matched`, as `estimate_score` returns it; None where `n` is 0."""
    left = items.filter(pc.invert(pc.is_in(items["item_id"], pa.array(sorted(matched), pa.string()))))
    return {"n": len(left), "score": estimate_score(left) if len(left) else None}


def write_results(folder: Path, score: Mapping[str, Any], items: pa.Table) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(items, sink, compression="zstd", write_page_checksum=True)
    write_atomic(folder / "items.parquet", sink.getvalue().to_pybytes())
    write_atomic(folder / "score.json", canonical_json(score))  # last: it says that the other is whole


def read_results(folder: Path) -> Results:
    """Raises FileNotFoundError where there are no results, ValueError naming the file where they are not such."""
    path = folder / "score.json"
    try:
        score = json.loads(path.read_bytes())
        if not isinstance(score, dict) or not set(score) >= REQUIRED:
            raise ValueError(f"it is no object that has {', '.join(sorted(REQUIRED))}")
        path = folder / "items.parquet"
        items = pq.read_table(path, page_checksum_verification=True)
        if unlike := [field.name for field in ITEMS if field not in list(items.schema)]:
            raise ValueError(f"of its columns {', '.join(unlike)} are missing, or of another type")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is not there; score the checkpoint again") from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ValueError(f"{path} cannot be read ({error}); score the checkpoint again") from error
    return Results(score, items)


def find_results(folder: Path) -> dict[str, Results]:
    """The results of a folder by task: its own, or those of the folders in it, as `headwater score --out` leaves them.

    Raises FileNotFoundError when there are none, ValueError when two are of one task."""
    folders = (
        [folder] if (folder / "score.json").is_file() else sorted(path.parent for path in folder.glob("*/score.json"))
    )
    if not folders:
        raise FileNotFoundError(
            f"{folder} has no score.json, nor has a folder in it; `headwater score --out` writes them"
        )
    found: dict[str, Results] = {}
    for one, place in zip(map(read_results, folders), folders, strict=True):
        if one.task in found:
            raise ValueError(f"{place} holds {one.task}, as another folder beside it does; give one of the two")
        found[one.task] = one
    return found
