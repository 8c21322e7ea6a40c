"""`python -m pipelines STAGE`: see pipelines.commands. Workers get ready while this process still imports."""

import sys

from pipelines import forkserver

# What workers of a stage need first, as modules with a function `prepare`.
NEEDS = {"ingest": ["pipelines.blocks"], "clean": ["pipelines.blocks", "pipelines.measures"]}


def main() -> int:
    if NEEDS.keys() & sys.argv[1:2] and "--help" not in sys.argv and "-h" not in sys.argv:
        forkserver.start(NEEDS[sys.argv[1]])
    from pipelines import commands

    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
