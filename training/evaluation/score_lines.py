"""Score lines: what score.json holds, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def format_score(score: Mapping[str, Any]) -> list[str]:
    """The score, its interval, the baselines and what else is known; where groups belong to something, a row each."""
    arrow = "higher" if score["higher_is_better"] else "lower"
    about = [f"{score['n']} items"] + [f"{score['clusters']} passages"] * (score["clusters"] < score["n"])
    about += [f"{score['repeated']} repeated"] * bool(score["repeated"])
    about += [f"{score['cut']} questions truncated in front"] * bool(score["cut"])
    about += [f"{score['joined']} options that begin inside a token of the prompt"] * bool(score["joined"])
    lines = [f"{score['task']}: {score['metric']} of {', '.join(about)}; {arrow} is better"]
    for name, estimate in (("score", score["score"]), *score["beside"].items()):
        lines.append(f"  {name:18} {estimate['value']:8.4f}   95 % [{estimate['low']:.4f}, {estimate['high']:.4f}]")
    for name, metric in score["metrics"].items():
        if not name.endswith("_ties"):
            lines += [f"  {name:18} {metric['value']:8.4f}"] * (name != score["metric"])
        elif score["ties"]:
            lines.append(f"  {name:18} {metric['value']:8.4f}   {format_ties(score)}")
    lines += [f"  {name:18} {value:8.4f}" for name, value in score["figures"].items()]
    if score["chance"] is not None:
        lines.append(f"  {'chance':18} {score['chance']:8.4f}")
    if score["lost"]:
        lines.append(f"  {format_loss(score)}")
    return lines + _group_table(score)


def format_ties(score: Mapping[str, Any]) -> str:
    """The number of ties, and that the metric beside shares them."""
    return f"{score['ties']} of {score['n']} items are ties, which lm-eval gives to the first choice and this shares"


def format_loss(score: Mapping[str, Any]) -> str:
    """That the texts scored are not those of the items, with an example."""
    before, after = score["lost"]["example"]
    return (
        f"{score['lost']['texts']} of {score['n']} texts do not come back from the tokenizer: {score['metric']} is of "
        f"other texts; {before!r} comes back as {after!r}"
    )


def _group_table(score: Mapping[str, Any]) -> list[str]:
    """Where the benchmark says what its groups belong to, a row a group, those of one kind together."""
    groups = score["groups"]
    if len(groups) < 2 or not score["above"]:
        return []
    above, tied = score["above"][::-1], score["ties"] is not None  # the widest first
    rows = sorted([*(group["of"][name] for name in above), name] for name, group in groups.items())
    heads = [*above, "group"]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def line(names: list[str], *numbers: str) -> str:
        words = [f"{name:{width}}" for name, width in zip(names, widths, strict=True)]
        return "  ".join(["", *words, *(f"{number:>7}" for number in numbers)])

    lines = [f"  {len(groups)} of {score['all_groups']} groups" if score["all_groups"] else f"  {len(groups)} groups"]
    lines.append(line(heads, "items", score["metric"], *(["shared", "ties"] if tied else [])))
    for row in rows:
        group = groups[row[-1]]
        shared = [f"{group['shared']:.4f}", str(group["ties"])] if tied else []
        lines.append(line(row, str(group["n"]), f"{group['value']:.4f}", *shared))
    return lines
