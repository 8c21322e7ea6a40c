"""Minimal pairs: of two sentences that differ in a word or its place, the acceptable one is to be likelier.

The whole of BLiMP and ZhoBLiMP, and each of their paradigms as a task of its own. Names, delimiters and metrics are
lm-eval's. Read are the authors' files, PARADIGM.jsonl, and the folders that Hugging Face has, PARADIGM/*.parquet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from training.evaluation.catalog import paradigms
from training.evaluation.files import Rows, read_jsonl, read_parquet
from training.evaluation.kinds import Choice

About = Mapping[str, Mapping[str, str]]


def read_pairs(known: About, only: str = "") -> Callable[[Sequence[Path]], Rows]:
    """A reader of files of pairs: their columns, and UID (the paradigm), `id`, `phenomenon` and, of BLiMP, `field`.

    `known` are the benchmark's paradigms; those of other names are read too, for there are more benchmarks of the form.
    `only`: the paradigm to keep. It raises ValueError where no row says, nor the file's name, which paradigm it is of.
    """

    def read(paths: Sequence[Path]) -> Rows:
        rows: Rows = []
        numbers: dict[str, int] = {}
        for path in paths:
            for row in read_parquet([path]) if path.suffix == ".parquet" else read_jsonl([path]):
                paradigm = row.get("UID") or _named_after(path, known)
                number = numbers[paradigm] = numbers.get(paradigm, -1) + 1
                pair = row.get("pairID", row.get("pair_id", number))
                about = known.get(paradigm) or {
                    "phenomenon": row.get("linguistics_term") or row.get("phenomenon") or "",
                    "field": row.get("field") or "",
                }
                rows.append({**row, **about, "UID": paradigm, "id": f"{paradigm}-{pair}"})
        kept = [row for row in rows if row["UID"] == only] if only else rows
        if rows and not kept:
            raise ValueError(
                f"{paths[0]}: no pair of {only}, but of {', '.join(numbers)[:200]}; give the file of {only}"
            )
        return kept

    return read


def _named_after(path: Path, known: About) -> str:
    """The paradigm of a file: wh_island.jsonl, wh_island-00000-of-00001.parquet, wh_island/train.parquet."""
    names = (re.sub(r"-\d+-of-\d+$", "", path.stem), path.parent.name)
    for name in names:
        if name in known:
            return name
    raise ValueError(
        f"{path}: rows have no UID, and neither {' nor '.join(names)} is a paradigm; name the file after it"
    )


def paradigm_task(whole: Choice, known: About, paradigm: str) -> Choice:
    """One paradigm as a task of its own, of a name as lm-eval's."""
    return replace(
        whole,
        name=f"{whole.name}_{paradigm}",
        read=read_pairs(known, paradigm),
        files=(
            f"**/{paradigm}.jsonl",
            f"**/{paradigm}/*.parquet",
            f"**/{paradigm}-*.parquet",
            f"**/{paradigm}.parquet",
        ),
        all_groups=0,
    )


BLIMP = Choice(
    name="blimp",
    read=read_pairs(paradigms.BLIMP),
    files=("**/*.jsonl", "**/*.parquet"),
    item="{id}",
    group="{UID}",
    above=("phenomenon", "field"),
    all_groups=len(paradigms.BLIMP),
    options=("{sentence_good}", "{sentence_bad}"),
    source="Warstadt et al. 2020",
)
ZHOBLIMP = Choice(
    name="zhoblimp",
    read=read_pairs(paradigms.ZHOBLIMP),
    files=("**/*.jsonl", "**/*.parquet"),
    item="{id}",
    group="{UID}",
    above=("phenomenon",),
    all_groups=len(paradigms.ZHOBLIMP),
    language="zh",
    options=("{sentence_good}", "{sentence_bad}"),
    delimiter="",
    source="Liu et al. 2024",
)

# The name of a whole -> its paradigms' tasks.
PARADIGMS: dict[str, tuple[Choice, ...]] = {
    whole.name: tuple(paradigm_task(whole, known, paradigm) for paradigm in known)
    for whole, known in ((BLIMP, paradigms.BLIMP), (ZHOBLIMP, paradigms.ZHOBLIMP))
}
