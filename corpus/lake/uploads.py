"""Uploads: what a process that was killed while it sent a large object leaves in an S3 store. Nobody sees the parts,
and they are paid for until the upload is aborted. Google's and Azure's stores drop them by themselves after a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from corpus.lake.deletion import ABANDONED
from corpus.lake.store import Lake


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An upload in parts that was begun and neither finished nor aborted."""

    path: str
    id: str
    begun: datetime


def find_abandoned_uploads(lake: Lake, now: datetime | None = None) -> list[Upload]:
    """Those of this lake that were begun as long ago as ABANDONED: a younger one may be under way."""
    if lake.local or "s3" not in lake.fs.protocol:
        return []
    return [upload for upload in _uploads(lake) if (now or datetime.now(UTC)) - upload.begun >= ABANDONED]


def abort_uploads(lake: Lake, uploads: list[Upload]) -> None:
    for upload in uploads:
        bucket, key, _ = lake.fs.split_path(upload.path)
        lake.fs.abort_mpu(bucket, key, upload.id)


def _uploads(lake: Lake) -> Iterator[Upload]:
    bucket, key, _ = lake.fs.split_path(lake.root)
    after: dict[str, str] = {}
    while True:
        page = lake.fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{key}/" if key else "", **after)
        for found in page.get("Uploads", []):
            yield Upload(path=f"{bucket}/{found['Key']}", id=found["UploadId"], begun=found["Initiated"])
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
