"""`headwater score` where nothing can be fetched: no socket connects, and the home folder is empty and stays so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark_files import make, to_jsonl
from random_checkpoints import foreign_checkpoint
from small_corpus import ROOT, Data

from training.run.outdir import Outdir

CONTEXT = 128
OFFLINE = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError(f"the network was asked for: {args}")

socket.getaddrinfo = socket.create_connection = socket.gethostbyname = refuse
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse

from headwater.cli import main

sys.exit(main(sys.argv[1:]))
"""
NAMES = ("piqa", "winogrande", "lambada", "wikitext", "blimp", "cmmlu")


def headwater(home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_", "TRANSFORMERS_"))}
    home.mkdir(exist_ok=True)
    kept["MPLCONFIGDIR"] = str(home.parent)  # torchmetrics imports matplotlib, which lists the machine's fonts
    return subprocess.run(
        [sys.executable, "-B", "-c", OFFLINE, *flags],
        cwd=ROOT,
        env=kept | {"HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("whose", ["ours", "gpt2"])
def test_scores_touch_no_network(whose: str, data: Data, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    if whose == "ours":
        model = data.model(max_position_embeddings=CONTEXT)
        assert data.trainer(Outdir(checkpoint), model=model, tokens=2 * 128).run() == 0
    else:
        foreign_checkpoint(data, checkpoint, CONTEXT, whose)
    flags = []
    for name in NAMES:
        make(name, tmp_path / name)
        flags += ["--task", name, "--data", str(tmp_path / name)]
    (example,) = re.findall(r"```python\n(# mine.py\n.*?)```", (ROOT / "docs" / "scores.md").read_text(), re.DOTALL)
    (tmp_path / "mine.py").write_text(example)
    row = {"question": "Which?", "options": ["a b", "c"], "right": 1, "answer": "a"}
    rows = [{"id": number, **row} for number in range(4)]
    (tmp_path / "capitals.jsonl").write_text(to_jsonl(rows))
    (tmp_path / "rivers.jsonl").write_text(to_jsonl(rows))
    flags += ["--task", str(tmp_path / "mine.py"), "--data", str(tmp_path)]
    home, out = tmp_path / "home", tmp_path / "scores"
    done = headwater(home, "score", "--checkpoint", str(checkpoint), "--out", str(out), *flags)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == sorted((*NAMES, "capitals", "rivers"))
    for name in NAMES:
        found = json.loads((out / name / "score.json").read_bytes())
        assert found["n"] >= 4 and found["metric"] in done.stdout
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []


def test_what_cannot_be_scored_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")  # looks like a model; the tasks are refused before it is loaded
    done = headwater(tmp_path / "home", "score", "--checkpoint", str(tmp_path), "--task", "piqqa", "--data", ".")
    assert done.returncode == 1 and "no task 'piqqa'; there are " in done.stderr and "cmmlu" in done.stderr


def test_the_list_needs_no_torch() -> None:
    code = (
        "import sys; from headwater.cli import main\n"
        "try: main(['score', '--list'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'transformers', 'lm_eval', 'dagster'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "xquad_zh       f1" in done.stdout, done.stderr
