"""A process that works behind a guard starts for every worker: it does without what it has no use for."""

import subprocess
import sys


def test_what_a_guarded_process_imports_is_light() -> None:
    code = (
        "import sys, pipelines.blocks; "
        "heavy = {'apache_beam', 'scipy', 'numba', 'torch', 'dagster', 'trafilatura'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
