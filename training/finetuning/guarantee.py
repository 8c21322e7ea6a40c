"""Guarantee: what private training promises of its examples, and the noise that it takes.

(epsilon, delta)-differential privacy of steps that read each example with a probability and add Gaussian noise (Abadi
et al. 2016): with one training example more or less, any set of models has at most e^epsilon times its probability,
plus delta. The noise is found by opacus' accountant of Renyi differential privacy (Mironov, Talwar and Zhang 2019),
whose bound is a proof. Its accountant of privacy random variables asks 9 % less noise, but integrates numerically.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from training.finetuning.plan import FinetunePlan

ACCOUNTANT = "rdp"
MORE_ORDERS = (128, 256, 512)  # beside those of opacus, which end at 63: without them an epsilon of 0.1 has no noise


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """`clip`: the largest L2 norm of an example's gradient. `noise_multiplier`: the standard deviation of the noise in
    the sum of gradients, over `clip`. `sampling_rate`: the probability with which a step reads an example. `steps`: by
    which `epsilon` and `delta` are spent. `examples`: of training."""

    epsilon: float
    delta: float
    clip: float
    noise_multiplier: float
    sampling_rate: float
    steps: int
    examples: int

    def spent(self, steps: int) -> dict[str, Any]:
        """The guarantee after so many steps, as JSON has it."""
        from opacus.accountants import create_accountant

        accountant = create_accountant(mechanism=ACCOUNTANT)
        accountant.history = [(self.noise_multiplier, self.sampling_rate, steps)]
        with _quiet():
            epsilon = float(accountant.get_epsilon(delta=self.delta, alphas=_orders()))
        return {**asdict(self), "epsilon": epsilon, "steps": steps, "accountant": ACCOUNTANT}


def steps_per_epoch(plan: FinetunePlan, examples: int) -> int:
    return ceil(examples / plan.batch)


def plan_guarantee(plan: FinetunePlan, examples: int) -> Guarantee:
    """Raises ValueError where there are too few examples, or where no noise is enough."""
    from opacus.accountants.analysis import rdp
    from opacus.accountants.utils import get_noise_multiplier

    if plan.batch > examples:
        raise ValueError(f"batch {plan.batch} of {examples} training examples: private training needs a smaller batch")
    if plan.private_delta * examples > 1:
        raise ValueError(
            f"private_delta {plan.private_delta} promises nothing of {examples} training examples: give at most "
            f"{1 / examples:.2g}"
        )
    delta, steps = plan.private_delta or 1 / examples, plan.epochs * steps_per_epoch(plan, examples)
    rate, orders = plan.batch / examples, _orders()
    with _quiet():
        least, _ = rdp.get_privacy_spent(orders=orders, rdp=[0.0] * len(orders), delta=delta)  # of endless noise
        if plan.private_epsilon <= least:
            raise ValueError(
                f"private_epsilon {plan.private_epsilon}: no noise is enough for it and a delta of {delta:.2g}; give "
                f"more than {least:.2g}, or a larger delta"
            )
        noise = get_noise_multiplier(
            target_epsilon=plan.private_epsilon,
            target_delta=delta,
            sample_rate=rate,
            steps=steps,
            accountant=ACCOUNTANT,
            epsilon_tolerance=min(0.01, plan.private_epsilon / 100),
            alphas=orders,
        )
    return Guarantee(
        epsilon=plan.private_epsilon,
        delta=delta,
        clip=plan.private_clip,
        noise_multiplier=float(noise),
        sampling_rate=rate,
        steps=steps,
        examples=examples,
    )


def _orders() -> list[float]:
    """Of Renyi divergence, of which the one is taken that promises most."""
    from opacus.accountants import RDPAccountant

    return [*RDPAccountant.DEFAULT_ALPHAS, *MORE_ORDERS]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without opacus' advice to try further orders: its bound holds, and could be a little lower."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Optimal order is the", UserWarning)
        yield
