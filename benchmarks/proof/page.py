"""Page: docs/proof.md, made of the stored runs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.dedup.contestants import BENCHMARKS
from benchmarks.proof.about import ABOUT, METHOD
from benchmarks.proof.arms import COPIES, DOLMA, EXPERIMENTS, FINEWEB, HEADWATER, ONCE, RAW, Arm
from benchmarks.proof.plot import effects_plot
from benchmarks.proof.runs import VOCABULARY
from benchmarks.proof.stored import RESULTS, Run, read_counts, read_runs, read_same
from benchmarks.proof.tables import (
    QUESTIONS,
    Mean,
    by_arm,
    compare_arms,
    compare_means,
    domain_scores,
    false_positives,
)
from training.significance.comparison import Comparison
from training.significance.multiplicity import adjust_holm

PAGE = BENCHMARKS.parent / "docs" / "proof.md"
Found = Mapping[str, Sequence[Run]]  # by arm
PLOTS = PAGE.parent / "images"
LANGUAGES = {"en": "English", "de": "German", "zh": "Chinese"}
UNCHANGED = "no page of this crawl falls to it alone; it stays"
PEERS = (FINEWEB, RAW, DOLMA)
SEEDS_OF_MAIN = HEADWATER.seeds
COMPARED = [arm for arms in EXPERIMENTS.values() if arms != COPIES for arm in arms]  # with Headwater
ARMS = {arm.name: arm for arm in (HEADWATER, *COMPARED)}


class Spent(NamedTuple):
    tokens: int
    rate: float

    @property
    def title(self) -> str:
        return f"{self.tokens:,} tokens at a learning rate of {self.rate:g}"


def write_page() -> None:
    languages = read_languages()
    PAGE.write_text(page(languages))
    for name, plot in plots(languages).items():
        (PLOTS / name).write_text(plot)


def read_languages() -> dict[str, list[Run]]:
    """The stored runs by language."""
    found = {language: read_runs(RESULTS / language) for language in LANGUAGES}
    return {language: runs for language, runs in found.items() if runs}


def page(languages: Mapping[str, Sequence[Run]]) -> str:
    lines = [ABOUT]
    for language, runs in languages.items():
        lines += _inputs(language)
        for budget, found in _by_budget(runs).items():
            lines.append(f"## {LANGUAGES[language]}: {budget.title}\n")
            lines += _sections(language, budget, found)
    every = [run for runs in languages.values() for run in runs]
    if not every:
        lines.append("No run is stored yet.\n")
    else:
        hours = sum(run.seconds for run in every) / 3_600
        lines.append(f"All {len(every)} runs together took {hours:.1f} hours of training, each on one core.\n")
    lines.append(METHOD.format(vocabulary=VOCABULARY))
    return "\n".join(lines)


def plots(languages: Mapping[str, Sequence[Run]]) -> dict[str, str]:
    """SVG by the name of a file."""
    return {
        _plot_name(language, budget): effects_plot(found[HEADWATER.name], others)
        for language, runs in languages.items()
        for budget, found in _by_budget(runs).items()
        if (others := _plotted(found))
    }


def _plot_name(language: str, budget: Spent) -> str:
    return f"proof-{language}-{budget.tokens}-{budget.rate:g}.svg"


def _plotted(found: Found) -> Found:
    """The arms that are compared with Headwater."""
    several = {name: found[name] for name in ARMS if len(found.get(name, ())) > 1}
    return several if several.pop(HEADWATER.name, None) else {}


def _by_budget(runs: Sequence[Run]) -> dict[Spent, Found]:
    """The runs of each arm, where Headwater is one of them; the largest budget first."""
    budgets = sorted({Spent(run.tokens, run.learning_rate) for run in runs}, reverse=True)
    every = {budget: by_arm(runs, *budget) for budget in budgets}
    return {budget: found for budget, found in every.items() if HEADWATER.name in found}


def _inputs(language: str) -> list[str]:
    said = [
        f"{sum(counts.values()):,} {what} ({', '.join(f'{name} {count:,}' for name, count in counts.items())})"
        for what, counts in read_counts(RESULTS / language).items()
    ]
    return [f"{LANGUAGES[language]}: {'; '.join(said)}.\n"] if said else []


def _sections(language: str, budget: Spent, found: Found) -> list[str]:
    arms = {arm.name: arm for arm in (HEADWATER, *PEERS) if arm.name in found}
    ours = found[HEADWATER.name]
    lines = [*_data(arms, found), *_scores(arms, found)]
    if _plotted(found):
        lines.append(f"![What each arm does to the scores](images/{_plot_name(language, budget)})\n")
    for peer in PEERS:
        if peer.name in arms and min(len(ours), len(found[peer.name])) > 1:
            lines += _difference(peer, found[peer.name], ours)
    others = {name: arm for name, arm in ARMS.items() if arm not in (HEADWATER, *PEERS)}
    lines += [*_others(others, found, read_same(RESULTS / language)), *_copies(found)]
    return [*lines, *_same_arm([found[name] for name in arms if len(found[name]) == SEEDS_OF_MAIN])]


def _same_arm(arms: Sequence[Sequence[Run]]) -> list[str]:
    """How often an arm is said to differ from itself."""
    if not arms:
        return []
    lines = [
        f"A/A: each of {len(arms)} arms of {SEEDS_OF_MAIN} seeds with itself; by chance 5 % are said to differ:\n",
        "| seeds | comparisons | a task is said to differ | the mean over the domains is |",
        "|---|---|---|---|",
    ]
    for size in (3, 2):
        wrong = false_positives(arms, size)
        lines.append(f"| two with {size} others | {wrong.comparisons} | {wrong.tasks} | {wrong.means} |")
    return [*lines, ""]


def _data(arms: Mapping[str, Arm], found: Found) -> list[str]:
    lines = [
        "| arm | what it is | documents | tokens | epochs | held a scored text | seeds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, arm in arms.items():
        run = found[name][0]
        epochs = run.tokens / run.data_tokens
        counts = f"{run.documents:,} | {run.data_tokens:,} | {epochs:.1f} | {run.contaminated}"
        lines.append(f"| {name} | {arm.about} | {counts} | {len(found[name])} |")
    return [*lines, ""]


def _scores(arms: Mapping[str, Arm], found: Found) -> list[str]:
    scores = {name: domain_scores(found[name]) for name in arms}
    tasks = sorted(next(iter(scores.values())), key=lambda task: (task in QUESTIONS, task))
    lines = [
        "The mean over the seeds, and their standard deviation; lower is better:\n",
        f"| | {' | '.join(arms)} |",
        f"|---|{'---|' * len(arms)}",
    ]
    for task in tasks:
        cells = [_spread(scores[name][task]) for name in arms]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    means = [_spread(np.mean([scores[name][task] for task in tasks if task not in QUESTIONS], axis=0)) for name in arms]
    return [*lines, f"| **mean of the domains** | {' | '.join(means)} |", ""]


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.4f}" + (f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else "")


def _difference(peer: Arm, theirs: Sequence[Run], ours: Sequence[Run]) -> list[str]:
    compared, mean, than = compare_arms(theirs, ours), compare_means(theirs, ours), f" than {peer.name}'s"
    lines = [
        f"Headwater beside {peer.name}, {len(ours)} and {len(theirs)} seeds:\n",
        "| | smallest effect | difference | 95 % | p (Holm) | better |",
        "|---|---|---|---|---|---|",
    ]
    for task in sorted(compared.tasks, key=lambda task: (task.task in QUESTIONS, task.task)):
        found, effect = task.difference, task.minimum_detectable_effect
        better = {"A": peer.name, "B": HEADWATER.name}.get(task.better or "", "")
        seen = f"{effect:.4f}" if effect is not None else ""
        interval = f"{found.value:+.4f} | {found.low:+.4f} to {found.high:+.4f}"
        lines.append(f"| {task.task} | {seen} | {interval} | {task.p_holm:.2g} | {better} |")
    return [
        *lines,
        "",
        f"The mean over the domains is {_lower(mean, than)}. {_in_domains(compared)}\n",
    ]


def _in_domains(compared: Comparison) -> str:
    """In how many domains Headwater's bits per byte are lower, and where not."""
    domains = [task for task in compared.tasks if task.task not in QUESTIONS]
    higher = [task.task for task in domains if task.difference.value >= 0]
    beyond = sum(task.better == "B" for task in domains)
    others = f", but not in {', '.join(higher)}" if higher else ""
    return f"It is lower in {len(domains) - len(higher)} of {len(domains)} domains{others}; beyond chance in {beyond}."


def _copies(found: Found) -> list[str]:
    """What copies do where a text is read several times anyway."""
    there = [arm for arm in COPIES if len(found.get(arm.name, ())) > 1]
    if ONCE not in there:
        return []
    lines = [
        "Copies: those documents of which the crawl has exact copies, and as many others, read several times. The mean "
        "over the domains beside that of each document once (above zero it is worse):\n",
        "| arm | what it is | documents | tokens | epochs | seeds | change | 95 % | p |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in there:
        runs, run = found[arm.name], found[arm.name][0]
        made = f"{run.documents:,} | {run.data_tokens:,} | {run.tokens / run.data_tokens:.1f} | {len(runs)}"
        mean = compare_means(found[ONCE.name], runs)
        effect = f"{-mean.relative:+.2%} | {-mean.high:+.2%} to {-mean.low:+.2%} | {mean.p:.2g}"
        lines.append(f"| {arm.name} | {arm.about} | {made} | {'| |' if arm == ONCE else effect} |")
    return [*lines, ""]


def _lower(mean: Mean, than: str = "") -> str:
    """How much lower, or higher, B's is."""
    way, sizes = "lower", (mean.relative, mean.low, mean.high)
    if mean.relative < 0:
        way, sizes = "higher", (-mean.relative, -mean.high, -mean.low)
    value, low, high = (f"{size:.1%}" for size in sizes)
    return f"{value} {way}{than} ({low} to {high}, p {mean.p:.2g})"


def _others(arms: Mapping[str, Arm], found: Found, same: Sequence[str]) -> list[str]:
    ours = found[HEADWATER.name]
    several = [name for name in arms if name not in same and min(len(found.get(name, ())), len(ours)) > 1]
    means = {name: compare_means(ours, found[name]) for name in several}
    corrected = dict(zip(means, adjust_holm([mean.p for mean in means.values()]), strict=True))
    rows = []
    for name, arm in arms.items():
        if name in same:
            rows.append(f"| {name} | {arm.about} | | | | the same data | | | {UNCHANGED} |")
        elif name in means:
            mean, run = means[name], found[name][0]
            made = f"{run.documents:,} | {run.data_tokens:,} | {len(found[name])}"
            effect = f"{-mean.relative:+.2%} | {-mean.high:+.2%} to {-mean.low:+.2%} | {corrected[name]:.2g}"
            rows.append(f"| {name} | {arm.about} | {made} | {effect} | {arm.decided} |")
    if not means:
        return []
    return [
        "What is changed in Headwater's recipe, what that does to the mean over the domains (above zero it is worse), "
        "and what was decided:\n",
        "| arm | what it is | documents | tokens | seeds | change | 95 % | p (Holm) | decided |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]
