"""deploy/slurm/train.sbatch, with stand-ins for Slurm's commands: two nodes are two processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nodes import BOUND, LOST_AT, SMALL, assert_as_unbroken, wait_for_checkpoint
from small_corpus import ROOT, Data

SCRIPT = ROOT / "deploy" / "slurm" / "train.sbatch"
JOB = str(os.getpid())  # the port follows from it, and other tests of this machine should have another
COMMANDS = {
    "srun": """
        [[ $1 == --kill-on-bad-exit=1 ]] && shift
        "$@" & one=$!
        "$@" & two=$!
        echo $one $two > "$STATE/tasks"
        code=0
        wait $one || code=$?
        wait $two || code=$?
        exit $code""",
    "scontrol": """
        if [[ "$*" == "show hostnames here[1-2]" ]]; then echo localhost; echo elsewhere; exit; fi
        echo "$*" >> "$STATE/scontrol" """,
    "scancel": """
        [[ "$*" == "--signal=TERM $SLURM_JOB_ID" ]] && kill -TERM $(cat "$STATE/tasks")""",
    "torchrun": f'exec {sys.executable} -m torch.distributed.run "$@"',
}


@pytest.fixture
def slurm(tmp_path: Path) -> dict[str, str]:
    """The environment of a job's script on its first node."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, body in COMMANDS.items():
        (commands / name).write_text(f"#!/bin/bash\n{body}\n")
        (commands / name).chmod(0o755)
    job = {"SLURM_JOB_ID": JOB, "SLURM_JOB_NODELIST": "here[1-2]", "SLURM_NNODES": "2", "SLURM_SUBMIT_DIR": str(ROOT)}
    return {**os.environ, **job, "STATE": str(tmp_path), "PATH": f"{commands}:{os.environ['PATH']}"}


def test_a_job_that_runs_out_of_time_goes_on_in_its_next_turn(
    data: Data, unbroken: Path, slurm: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    train = data.command(out, *SMALL)
    command = ["bash", str(SCRIPT), *train[train.index("training/train.py") + 1 :]]
    with (tmp_path / "log").open("wb") as log:
        first = subprocess.Popen(command, env=slurm, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for_checkpoint(out, LOST_AT, first)
            first.send_signal(signal.SIGUSR1)  # as --signal=B:USR1 does, to the script alone
            assert first.wait(BOUND) != 0
        finally:
            if first.poll() is None:
                os.killpg(first.pid, signal.SIGKILL)
    assert (tmp_path / "scontrol").read_text() == f"requeue {JOB}\n", (tmp_path / "log").read_text()
    assert len((out / "metrics.jsonl").read_bytes()) < len((unbroken / "metrics.jsonl").read_bytes())
    second = subprocess.run(
        command, env=slurm, cwd=tmp_path, capture_output=True, text=True, timeout=BOUND, check=False
    )
    assert second.returncode == 0 and ": from step " in second.stderr, second.stderr
    assert (tmp_path / "scontrol").read_text() == f"requeue {JOB}\n"  # not a second time
    assert_as_unbroken(out, unbroken)


def test_a_shell_and_its_linter_take_the_script() -> None:
    for check in (["bash", "-n"], [str(Path(sys.executable).with_name("shellcheck"))]):
        done = subprocess.run([*check, str(SCRIPT)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
