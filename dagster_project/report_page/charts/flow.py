"""Flow: from the records of the crawls to the documents that are trained on, and why the others went, as a Sankey
diagram. A link is as wide as there are records in it, so that what a stage lost can be seen beside what it kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.audit.outcomes import most_first
from corpus.lake import stages
from corpus.lake.manifest import Manifest
from dagster_project.report_page.charts.chart import ACCENT, GREY, INK, WARM, Chart, Option

REASONS = 6  # of a stage with a branch of their own; the others share one
LINE = 15  # pixels of a line of a label
NAMES = {
    stages.DOCUMENTS: "documents",
    stages.CLEAN: "clean",
    stages.TRIMMED: "trimmed",
    stages.UNIQUE: "unique",
}
TRAINED, HELD_OUT, SPLIT = "trained on", "held out", "split"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage, all crawls together: what it kept, name -> documents, and reason -> records of the others, most first.
    Conservation: what comes to one is what the last one kept."""

    name: str
    kept: Mapping[str, int]
    lost: Mapping[str, int]

    @property
    def came(self) -> int:
        return sum(self.kept.values()) + sum(self.lost.values())


def find_steps(manifests: Sequence[Manifest]) -> list[Step]:
    """The stages that documents come to, upstream first; the last one parts them into TRAINED and HELD_OUT."""
    found = []
    for stage, name in NAMES.items():
        some = [manifest for manifest in manifests if manifest.stage == stage]
        if some:
            found.append(Step(name=name, kept={name: sum(one.counts.kept for one in some)}, lost=_lost(some)))
    last = [manifest for manifest in manifests if manifest.stage in (stages.SPLIT, stages.TOKENS)]
    [tokens] = [manifest for manifest in last if manifest.stage == stages.TOKENS]
    rows = {
        name: sum(entry.rows for entry in tokens.of_kind(kind))
        for name, kind in ((TRAINED, "train"), (HELD_OUT, "heldout"))
    }
    return [*found, Step(name=SPLIT, kept=rows, lost=_lost(last))]


def _lost(manifests: Sequence[Manifest]) -> dict[str, int]:
    lost: Counter[str] = Counter()
    for manifest in manifests:
        lost.update(manifest.counts.dropped)
        lost.update(manifest.counts.quarantined)
    return most_first(lost)


def flow_chart(steps: Sequence[Step], train_tokens: int) -> Chart:
    rows: list[tuple[str, str, int, str]] = []
    for step in steps:
        rows += [(step.name, name, n, _share(n, step.came)) for name, n in (*step.kept.items(), *step.lost.items())]
    trained = steps[-1].kept
    most = max(min(len(step.lost), REASONS + 1) for step in steps)
    return Chart(
        name="flow",
        title="From records to tokens",
        description=f"Sankey diagram: of {steps[0].came:,} records, {trained[TRAINED]:,} documents are trained on, "
        f"with {train_tokens:,} tokens, and {trained[HELD_OUT]:,} are held out; the reasons for dropping branch off.",
        option=_option(steps, train_tokens, REASONS, upright=False),
        height=max(420, 3 * LINE * most),
        narrow=_option(steps, train_tokens, 0, upright=True),
        narrow_height=105 * len(steps) + 90,
        header=("stage", "what became of them", "records", "share of what came"),
        rows=rows,
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _option(steps: Sequence[Step], train_tokens: int, reasons: int, *, upright: bool) -> Option:
    nodes = [_node("records", f"{steps[0].came:,} records", ACCENT)]
    links: list[Option] = []
    before = "records"
    for step in steps:
        for name, n in step.kept.items():
            colour = GREY if name == HELD_OUT else ACCENT
            note = f"\n{train_tokens:,} tokens" if name == TRAINED else ""
            nodes.append(_node(name, f"{n:,} {name}{note}", colour))
            links.append(_link(before, name, n, colour))
        for reason, n in _branches(step, reasons):
            name = f"{step.name}: {reason}"
            nodes.append(_node(name, f"{n:,} {reason}", WARM))
            links.append(_link(before, name, n, WARM))
        before = next(iter(step.kept))
    series: Option = {
        "type": "sankey",
        "data": nodes,
        "links": [link for link in links if link["value"]],
        "orient": "vertical" if upright else "horizontal",
        "nodeAlign": "left",
        "layoutIterations": 0,  # the order given: what stays above, what goes below
        "nodeGap": 84 if upright else LINE + 3,
        "nodeWidth": 12,
        "draggable": False,
        "emphasis": {"focus": "adjacency"},
        "blur": {"itemStyle": {"opacity": 0.4}, "lineStyle": {"opacity": 0.12}, "label": {"opacity": 0.6}},
        "label": {"color": INK, "lineHeight": LINE, "position": "bottom" if upright else "right"},
        "left": 46 if upright else 12,
        "right": 40 if upright else 150,
        "top": 12,
        "bottom": 44 if upright else 20,
    }
    return {"tooltip": {"trigger": "item"}, "series": [series]}


def _branches(step: Step, reasons: int) -> Iterator[tuple[str, int]]:
    """The most frequent reasons, the others as one."""
    found = list(step.lost.items())
    shown = found if 0 < len(found) <= reasons + 1 and reasons else found[:reasons]
    yield from shown
    if len(shown) < len(found):
        left = len(found) - len(shown)
        yield (f"for {left} other reasons" if shown else "dropped"), sum(n for _, n in found[len(shown) :])


def _node(name: str, said: str, colour: str) -> Option:
    return {"name": name, "itemStyle": {"color": colour}, "label": {"formatter": said.replace("{", "")}}


def _link(source: str, target: str, value: int, colour: str) -> Option:
    style = {"color": colour, "opacity": 0.28}
    return {"source": source, "target": target, "value": value, "lineStyle": style}
