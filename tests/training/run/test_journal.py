from __future__ import annotations

import json
from pathlib import Path

from dagster_pipes import encode_param
from small_corpus import CONTEXT, Data, newest, run

from training.checkpoints.checkpoint import checkpoint_digest
from training.run.journal import lines_until


def test_resuming_cuts_back_to_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [
        b'{"heldout_loss":9.0,"step":0}\n',
        b'{"loss":8.0,"step":1,"tokens":1}\n',
        b'{"loss":7.0,"step":2,"tokens":2}\n',
        b'{"heldout_loss":7.5,"step":2}\n',
        b'{"loss":6.0,"step":3,"tokens":3}\n',
        b'{"loss":5.',
    ]
    path.write_bytes(b"".join(lines))
    assert lines_until(path, 2) == b"".join(lines[:3])  # evaluated again, after the checkpoint
    assert lines_until(path, 3) == b"".join(lines[:5])
    assert lines_until(path, 0) == lines_until(tmp_path / "none", 3) == b""


def test_dagster_hears_of_progress_and_of_the_result(data: Data, tmp_path: Path) -> None:
    context = {
        "asset_keys": ["checkpoint"],
        "code_version_by_asset_key": {"checkpoint": None},
        "provenance_by_asset_key": {"checkpoint": None},
        "partition_key": None,
        "partition_key_range": None,
        "partition_time_window": None,
        "run_id": "r",
        "job_name": None,
        "retry_number": 0,
        "extras": {},
    }
    (tmp_path / "context.json").write_text(json.dumps(context))
    out, messages = tmp_path / "out", tmp_path / "messages"
    done = run(
        data.command(out, "--tokens", str(12 * 4 * CONTEXT)),
        DAGSTER_PIPES_CONTEXT=encode_param({"path": str(tmp_path / "context.json")}),
        DAGSTER_PIPES_MESSAGES=encode_param({"path": str(messages)}),
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in messages.read_text().splitlines()]
    reports = [message["params"] for message in found if message["method"] == "report_asset_materialization"]
    assert [message["method"] for message in found if message["method"] in ("opened", "closed")] == ["opened", "closed"]
    assert any("step 12/12" in message["params"]["message"] for message in found if message["method"] == "log")
    (report,) = reports
    assert report["data_version"] == checkpoint_digest(newest(out))
    values = {name: value["raw_value"] for name, value in report["metadata"].items()}
    assert values["steps"] == 12 and values["tokens"] == 12 * 4 * CONTEXT
    assert values["checkpoint"] == str(newest(out)) and values["heldout_loss"] > 0
