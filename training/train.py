"""Trains a model on shards. `python training/train.py --help` says how."""

import sys
from pathlib import Path

sys.path.pop(0)  # training/, whose files are modules of a package and not top-level ones
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contextlib import nullcontext

from training.arguments import SETTINGS, SHAPE, build_parser


def main() -> int:
    args = vars(build_parser().parse_args())
    # After parsing, for --help and a wrong argument need no torch.
    from corpus.shards.reader import ShardSet
    from training.checkpoints.start import open_start
    from training.distributed.parallel import World
    from training.optim.scaling import apply_step_law
    from training.presets import make_plan
    from training.run.outdir import LOCK_WAIT, Outdir
    from training.run.trainer import Trainer
    from training.shape import Shape

    shards = ShardSet(args["shards"])
    heldout = ShardSet(args["heldout"]) if args["heldout"] else None
    start = open_start(args["start"]) if args["start"] else None
    model, plan = make_plan(
        args["preset"],
        shards.index.vocab_size,
        shards.index.eos,
        Shape(**{name: args[name] for name in SHAPE}),
        {name: args[name] for name in SETTINGS if args[name] is not None},
        args["family"],
        start.model if start else None,
    )
    config, explanation = apply_step_law(plan, model)
    if args["teacher"]:
        from training.compress.distillation import Teacher, distilled
        from training.compress.plan import Teaching

        teacher = Teacher(args["teacher"], Teaching(temperature=args["temperature"], hard_weight=args["hard_weight"]))
        teacher.check_student(model, args["tokenizer"].read_bytes())
        model = distilled(model, teacher)
    # Other ranks wait for the one that waits for the lock, and should hear from it why it ends.
    out = Outdir(args["out"], wait=min(LOCK_WAIT, config.timeout / 2))
    with World(config.threads, config.timeout) as world, out if world.is_main else nullcontext():
        for line in explanation if world.is_main else ():
            print(line, file=sys.stderr)
        trainer = Trainer(
            model=model,
            config=config,
            shards=shards,
            heldout=heldout,
            tokenizer=args["tokenizer"],
            out=out,
            world=world,
            start=start,
            overrides=args["override"],
            profile=args["profile"],
        )
        return trainer.run()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, OSError) as error:
        sys.exit(f"train: {error}")
