"""The data card: Hugging Face's library reads the text by it, without a network, as docs/cards.md shows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from corpus.lake.store import Lake

DOCS = Path(__file__).parents[3] / "docs" / "cards.md"


@pytest.fixture
def lake(graph_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    root = shutil.copytree(graph_lake, tmp_path / "lake")
    monkeypatch.chdir(root)
    datasets.disable_progress_bars()
    yield Lake(str(root))
    datasets.enable_progress_bars()


def test_the_text_is_read_as_it_is_by_the_code_of_the_card(lake: Lake) -> None:
    [manifest] = lake.datasets("split")
    card = DatasetCard.load(Path(lake.folder(manifest), "README.md"))
    [code] = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    namespace: dict[str, datasets.DatasetDict] = {}
    exec(code, namespace)
    pages = namespace["pages"]
    assert set(pages) == {"train", "heldout"}  # and not the ledger that lies beside them
    for kind, found in pages.items():
        rows = [row for entry in manifest.of_kind(kind) for row in pq.read_table(_path(lake, entry.path)).to_pylist()]
        assert [row["text"] for row in found] == [row["text"] for row in rows]
        assert [row["doc_id"] for row in found] == [row["doc_id"] for row in rows]


def _path(lake: Lake, path: str) -> str:
    [manifest] = lake.datasets("split")
    return f"{lake.folder(manifest)}/{path}"


def test_the_loader_of_the_documentation_runs(lake: Lake) -> None:
    [manifest] = lake.datasets("split")
    [code] = [one for one in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL) if "load_dataset" in one]
    namespace: dict[str, object] = {}
    exec(code.replace("split/ADDRESS", f"split/{manifest.address}"), namespace)
    first = next(lake.read(manifest, "train", ["warc_file", "warc_offset"])).to_pylist()[0]
    assert namespace["place"] == tuple(first.values())


def test_the_front_matter_is_what_hubs_read(lake: Lake) -> None:
    [manifest] = lake.datasets("split")
    data = DatasetCard.load(Path(lake.folder(manifest), "README.md")).data
    assert (data.license, data.language, data.size_categories) == ("other", ["en", "zh", "de", "ja"], ["n<1K"])
    [config] = data.to_dict()["configs"]
    assert {one["split"] for one in config["data_files"]} == {"train", "heldout"}


def test_the_page_tells_what_became_of_the_records_and_names_every_dataset_upstream(lake: Lake) -> None:
    [manifest], [clean] = lake.datasets("split"), lake.datasets("clean")
    page = Path(lake.folder(manifest), "README.md").read_text()
    for reason, number in clean.counts.dropped.items():
        assert f"{reason} {number:,}" in page
    for stage in ("documents", "measures", "clean", "signatures", "duplicates", "unique", "split"):
        [one] = lake.datasets(stage)
        assert f"| {stage} | {one.partition} | {one.address} | {one.digest} |" in page
    [source] = lake.datasets("documents")
    assert all(digest in page for digest in source.inputs.values())
