"""Page: findings as risks.md, which stands beside a model's card."""

from __future__ import annotations

from collections.abc import Sequence

from training.risks.findings import Finding

HEAD = """# Risks

Measured by `headwater risks` on the checkpoint {digest}. Intervals are of 95 %.
What a number means is in docs/risks.md. A risk that is not in the table was not measured.

| risk | measure | group | value | 95 % | items | without the risk |
|---|---|---|---:|---|---:|---:|
"""


def render_findings(findings: Sequence[Finding], digest: str) -> str:
    rows = [
        f"| {one.risk} | {one.measure} | {one.group} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} "
        f"| {one.items:,} | {'' if one.harmless is None else f'{one.harmless:.3f}'} |"
        for one in findings
    ]
    return HEAD.format(digest=digest) + "\n".join(rows) + "\n"
