from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from small_corpus import ROOT, Data, contents, newest

from training.distributed.parallel import World
from training.run import trainer as trainer_module
from training.run.outdir import Outdir


def test_a_refusal_names_who_has_the_lock(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from training.run.outdir import Outdir\n"
    code += "with Outdir(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline()
        with (
            pytest.raises(ValueError, match=rf"\({socket.gethostname()}, process {other.pid}, "),
            Outdir(tmp_path, 0.1),
        ):
            pass
        other.kill()
    with Outdir(tmp_path, wait=30) as mine:
        assert f"process {os.getpid()}, " in mine.holder


def test_a_trainer_whose_folder_another_has_taken_writes_nothing_in_it(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a file system gives away the lock of a node that was cut off for a while: between two steps of the one
    trainer another does the whole run."""
    out = tmp_path / "out"
    left: dict[str, bytes] = {}
    with Outdir(out) as old:
        slow = data.trainer(old)

        def between_steps() -> bool:
            if slow.step == 3 and not left:
                left["none yet"] = b""
                (tmp_path / "old").mkdir()  # all but TensorBoard's folder, into which a thread writes at any time
                for name in ("lock", "checkpoints", "metrics.jsonl"):
                    (out / name).rename(tmp_path / "old" / name)
                with Outdir(out) as new:
                    assert data.trainer(new, tokens=20 * 128).run() == 0
                left.update(contents(newest(out)))
            return False

        monkeypatch.setattr(trainer_module, "launcher_is_gone", between_steps)
        with pytest.raises(ValueError, match=r"names another trainer .* ends and writes nothing"):
            slow.run()
    del left["none yet"]
    assert newest(out).name == "step-00000020" and contents(newest(out)) == left
    assert not list((tmp_path / "old" / "checkpoints").iterdir())


class SecondNode(World):
    """Rank 1, which runs on another machine than rank 0; what that one says is given."""

    def __init__(self, said: str) -> None:
        super().__init__(threads=1, timeout=1)
        self.rank, self.size, self.said = 1, 2, said

    def broadcast(self, value: object) -> object:  # type: ignore[override]
        return self.said

    def any(self, flag: bool) -> bool:
        return flag


def test_nodes_that_do_not_share_the_folder_are_refused(tmp_path: Path) -> None:
    with Outdir(tmp_path / "shared") as main:
        Outdir(tmp_path / "shared").check_is_shared(SecondNode(main.holder))
        for name in ("elsewhere", "shared"):
            said = main.holder if name == "elsewhere" else "node-0, process 1, 0"
            with pytest.raises(
                ValueError, match=f"{name} on {socket.gethostname()} is not the folder that rank 0 writes"
            ):
                Outdir(tmp_path / name).check_is_shared(SecondNode(said))
