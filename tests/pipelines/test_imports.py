"""What workers import does without what they have no use for."""

import subprocess
import sys


def test_what_workers_import_is_light() -> None:
    code = (
        "import sys, pipelines.blocks, pipelines.measures; "
        "heavy = {'apache_beam', 'scipy', 'numba', 'torch', 'dagster', 'trafilatura'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
