from __future__ import annotations

import json

from benchmarks.loader import __main__ as bench
from benchmarks.loader.report import RESULT, TABLE, ratios, table


def test_the_table_is_made_from_the_results() -> None:
    result = json.loads(RESULT.read_text())
    assert TABLE.read_text() == table(result, bench.__doc__ or "")
    assert result["ratios"] == ratios(result["speeds"], result["wait"], result["resume"])
