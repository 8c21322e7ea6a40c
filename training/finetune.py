"""Fine-tunes a pretrained model for a task. `python training/finetune.py --help` says how."""

import sys
from pathlib import Path

sys.path.pop(0)  # training/, whose files are modules of a package and not top-level ones
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from training.finetuning.arguments import build_parser, read_arguments


def main() -> int:
    plan, files, start, out = read_arguments(vars(build_parser().parse_args()))
    # After parsing, for --help and a wrong argument need no torch.
    from training.distributed.device import require_determinism
    from training.finetuning.run import finetune

    require_determinism(plan.threads)
    return finetune(plan, files, start, out)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, OSError) as error:
        sys.exit(f"finetune: {error}")
