"""Page: findings as risks.md, for people, beside risks.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.checkpoints.files import write_atomic
from training.risks.findings import Finding
from training.risks.measuring import digest_of, write_findings

HEAD = """# Risks

Measured by `headwater risks` on the checkpoint {digest}. Intervals are of 95 %.
What a number means is in docs/risks.md. A risk that is not in the table was not measured.

| risk | measure | group | value | 95 % | items | without the risk |
|---|---|---|---:|---|---:|---:|
"""


def write_page(findings: Sequence[Finding], checkpoint: Path, folder: Path) -> None:
    """Both files, into a folder that is made where there is none. `checkpoint`: the folder of what was measured."""
    digest = digest_of(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    write_findings(findings, digest, folder / "risks.json")
    write_atomic(folder / "risks.md", render_findings(findings, digest).encode())


def render_findings(findings: Sequence[Finding], digest: str) -> str:
    rows = [
        f"| {one.risk} | {one.measure} | {one.group} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} "
        f"| {one.items:,} | {'' if one.harmless is None else f'{one.harmless:.3f}'} |"
        for one in findings
    ]
    return HEAD.format(digest=digest) + "\n".join(rows) + "\n"
