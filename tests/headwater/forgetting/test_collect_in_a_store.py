"""`headwater collect` in an object store: what killed runs left goes, and what may be under way stays."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from object_store import BUCKET, ObjectStore
from stages import TEXTS, page, publish

from corpus.lake import deletion, uploads
from corpus.lake.current import RecipeLake
from headwater.cli import main


def test_unfinished_uploads_and_folders_of_killed_runs(
    object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = object_store.url("lake")
    lake = RecipeLake(url, "base")
    needed = publish(lake, "documents", "crawl", [], {"documents": (pa.schema(TEXTS), [page("crawl", 1)])})
    lake.record(needed)
    kept = object_store.objects("lake")
    left = f"clean/{'0' * 32}/documents/part-00000.parquet"
    object_store.files.pipe_file(object_store.path(f"lake/{left}"), b"of a killed run")
    key = object_store.path(f"lake/{left}").removeprefix(f"{BUCKET}/")
    object_store.files.call_s3("create_multipart_upload", Bucket=BUCKET, Key=key)
    monkeypatch.setattr(uploads, "ABANDONED", timedelta(days=36_500))  # moto's uploads are all of 2010
    assert main(["collect", "--lake", url, "--yes"]) == 0
    printed = capsys.readouterr().out
    assert "0 datasets" in printed and "make sure that none does" in printed
    assert left in object_store.objects("lake") and object_store.uploads() == [key]
    for module in (deletion, uploads):
        monkeypatch.setattr(module, "ABANDONED", timedelta(0))
    assert main(["collect", "--lake", url, "--dry-run"]) == 0
    assert f"{BUCKET}/{key}  unfinished upload, begun 2010" in capsys.readouterr().out
    assert left in object_store.objects("lake") and object_store.uploads() == [key]
    assert main(["collect", "--lake", url, "--yes"]) == 0
    assert "left by a killed run" in capsys.readouterr().out
    assert object_store.objects("lake") == kept and object_store.uploads() == []
