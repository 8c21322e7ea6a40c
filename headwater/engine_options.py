"""Engine options: where a command computes datasets, on this machine or on another engine."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from headwater.options import positive_int

if TYPE_CHECKING:
    from pipelines.engine import Engine


def add_engine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    group.add_argument(
        "--workers",
        type=positive_int,
        default=os.cpu_count() or 1,
        help="local processes of the data stages",
    )
    group.add_argument(
        "--runner", metavar="NAME", help="run the data stages elsewhere: a runner of Beam, such as FlinkRunner"
    )
    group.add_argument(
        "--runner-option",
        action="append",
        default=[],
        metavar="FLAG",
        help="a flag for that runner, such as --runner-option=--flink_master=host:8081; repeatable",
    )


def chosen_engine(args: argparse.Namespace) -> Engine:
    """Raises ValueError for a flag that no runner is there for."""
    from pipelines.engine import LOCAL, Engine

    return Engine(runner=args.runner or LOCAL, workers=args.workers, options=tuple(args.runner_option))
