"""Page: findings as risks.json, and as risks.md, which stands beside a model's card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.lake.manifest import canonical_json
from training.risks.findings import Finding, as_rows

HEAD = """# Risks

Measured by `headwater risks` on the checkpoint {digest}. Intervals are of 95 %.
What a number means is in docs/risks.md. A risk that is not in the table was not measured.

| risk | measure | group | value | 95 % | items | without the risk |
|---|---|---|---:|---|---:|---:|
"""


def write_findings(findings: Sequence[Finding], digest: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "risks.json").write_bytes(canonical_json({"checkpoint": digest, "findings": as_rows(findings)}) + b"\n")
    rows = [
        f"| {one.risk} | {one.measure} | {one.group} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} "
        f"| {one.items:,} | {'' if one.harmless is None else f'{one.harmless:.3f}'} |"
        for one in findings
    ]
    (out / "risks.md").write_text(HEAD.format(digest=digest) + "\n".join(rows) + "\n", encoding="utf-8")
