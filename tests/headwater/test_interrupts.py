"""Ctrl-C: one line, exit status 130 and no traceback, whatever the command is doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from graphs import Graph

from headwater.interrupts import STOPPED

ROOT = Path(__file__).parents[2]
READY = "ready to be interrupted"
# A command that does as `{body}` says, once it has printed READY.
COMMAND = """
import sys, types
from headwater import cli, entry

def run(args):
    print({ready!r}, flush=True)
    {body}
    return 0

module = types.ModuleType("headwater.commands.verify", "Made for a test.")
module.add_arguments, module.run = lambda parser: None, run
sys.modules["headwater.commands.verify"] = module
sys.argv = ["headwater", "verify"]
entry.main()
"""
CHILD = "import time; print('child', flush=True); time.sleep(60)"  # by itself it would print a traceback
BODIES = {
    "computing": "while True: sum(range(1000))",
    "sleeping": "import time; time.sleep(60)",
    "waiting for a child process": f"import subprocess; subprocess.run([sys.executable, '-c', {CHILD!r}])",
    "waiting for a lock": "import threading; threading.Lock().acquire() and threading.Semaphore(0).acquire()",
    "reading its input": "sys.stdin.read()",
    "waiting for a thread": "import threading as t; w = t.Thread(target=t.Event().wait); w.start(); w.join()",
    "a library having unblocked it": """import signal, time
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    time.sleep(60)""",
    "waiting for a child after that": f"""import signal, subprocess
    from headwater import interrupts
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {{signal.SIGINT}})
    with interrupts.blocked(): subprocess.run([sys.executable, '-c', {CHILD!r}])""",
    "swallowing it once": """import time
    try: time.sleep(60)
    except KeyboardInterrupt: time.sleep(60)""",
    "failing because of it": """import time
    try: time.sleep(60)
    except KeyboardInterrupt as error: raise RuntimeError("another error") from error""",
}


def start(*command: str) -> subprocess.Popen[str]:
    """As in a terminal, also where the tests run in the background of a shell, which has Ctrl-C ignored."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupt(process: subprocess.Popen[str]) -> str:
    """As a terminal does it: the signal goes to all processes of the group. Returns what was printed on stderr."""
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr is not None
    first = process.stderr.readline()  # communicate() closes its stdin, after which it might end by itself
    _, rest = process.communicate(timeout=60)
    left = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not left, "child processes are left"
    return first + rest


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_one_line_and_130_whatever_it_is_doing(body: str) -> None:
    process = start("-c", COMMAND.format(ready=READY, body=body))
    assert process.stdout is not None
    assert process.stdout.readline().strip() == READY
    time.sleep(0.3)
    stderr = interrupt(process)
    assert (stderr, process.returncode) == (f"{STOPPED}\n", 130)


@pytest.mark.parametrize("delay", [0.3, 0.6, 1.0, 2.0])
def test_during_imports_and_the_loading_of_a_model(delay: float, graph: Graph) -> None:
    process = start("-m", "headwater", "generate", "--lake", graph.lake.url, "--prompt", "The", "--max-tokens", "9999")
    time.sleep(delay)
    stderr = interrupt(process)
    assert (stderr, process.returncode) == (f"{STOPPED}\n", 130)


def test_what_is_to_be_tidied_up_is(tmp_path: Path) -> None:
    body = f"""import time
    from pathlib import Path
    left = Path({str(tmp_path)!r}) / "left"
    left.touch()
    try: time.sleep(60)
    finally:
        time.sleep(0.5)
        left.unlink()"""
    process = start("-c", COMMAND.format(ready=READY, body=body))
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    assert (interrupt(process), process.returncode) == (f"{STOPPED}\n", 130)
    assert not list(tmp_path.iterdir())


def test_a_second_ctrl_c_ends_at_once() -> None:
    body = """import time
    while True:
        try: time.sleep(60)
        except KeyboardInterrupt: pass"""
    process = start("-c", COMMAND.format(ready=READY, body=body))
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == f"{STOPPED}\n"
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - started < 2
    process.communicate()


def test_a_background_job_of_a_shell_ignores_it() -> None:
    code = COMMAND.format(ready=READY, body="import time; time.sleep(1)")
    ignoring = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{code}"
    process = start("-c", ignoring)
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert (stderr, process.returncode) == ("", 0)
