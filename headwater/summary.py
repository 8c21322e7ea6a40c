"""Summary: the numbers of a report as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summarize(report: Mapping[str, Any]) -> str:
    """A line per topic of report.json: pages, drops by stage and reason, tokens, losses, scores, learning curve."""
    pages = f"{report['pages']:,} of {report['records']:,} records, {report['html_bytes'] / 1e6:.1f} MB of HTML"
    kept = f"{report['clean']:,} clean, {report['unique']:,} unique, {report['train_documents']:,} to train on"
    rows: list[tuple[str, str]] = [
        ("pages", pages + (f", and {report['texts']:,} texts" if report["texts"] else "")),
        ("documents", f"{report['documents']:,} with text"),
        ("kept", f"{kept}, {report['heldout_documents']:,} held out"),
    ]
    for stage, reasons in report["dropped"].items():
        listed = ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items(), key=lambda item: -item[1]))
        rows.append((f"dropped, {stage}", listed))
    training = report["training"]
    rows.append(("tokens", f"{report['train_tokens']:,} ({report['bytes_per_token']} bytes each)"))
    held = training.get("heldout_loss")
    heldout = f"{held:.4f}" if held is not None else "too few tokens to measure"
    rows.append(("loss", f"{training['loss']:.4f}, held out {heldout}, step {training['step']:,}"))
    rows += [(task, format_score(result)) for task, result in report["scores"].items()]
    mean = report["core"]
    if mean is not None:
        rows.append(("core", f"{_format_interval(mean)}, the centred mean of {', '.join(mean['tasks'])}"))
    rows += _learning_curve(report["learning_curve"])
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def format_score(result: Mapping[str, Any]) -> str:
    """A score with its interval, and what it is to be compared with."""
    if result["score"] is None:
        return "no items: too few held-out pages to ask anything of"
    others = [f"{name} {estimate['value']:.4f}" for name, estimate in sorted(result["beside"].items(), reverse=True)]
    others += [f"chance {result['chance']:.4f}"] if result["chance"] is not None else []
    if result.get("ties"):
        shared = result["metrics"][f"{result['metric']}_ties"]["value"]
        others.append(f"{shared:.4f} with {result['ties']:,} ties shared")
    if result.get("lost"):
        others.append(f"{result['lost']['texts']:,} texts do not come back from the tokenizer")
    score = f"{_format_interval(result['score'])} of {result['n']:,} items"
    return score + (f"; {', '.join(others)}" if others else "")


def _format_interval(estimate: Mapping[str, Any]) -> str:
    return f"{estimate['value']:.4f} [{estimate['low']:.4f}, {estimate['high']:.4f}]"


def _learning_curve(curve: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """A line per task, of the items that every checkpoint was asked."""
    if curve is None or len(curve["points"]) < 2:
        return []
    points = curve["points"]
    rows = [("learning curve", "steps " + ", ".join(f"{point['step']:,}" for point in points))]
    for task, about in curve["tasks"].items():
        values = " ".join(f"{point['scores'][task]['value']:.3f}" for point in points)
        rows.append((f"  {task}", f"{values} of the first {about['n']} items"))
    return rows
