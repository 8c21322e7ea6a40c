"""What is left of a hostile page's HTML, and that one which cannot be parsed in time costs itself alone."""

from __future__ import annotations

import re

import pytest
from intruding_page import intruding_page

from headwater.viewing import sanitiser
from headwater.viewing.sanitiser import sanitise


def test_nothing_is_left_that_runs_loads_sends_or_leads_away() -> None:
    left = sanitise(intruding_page("http://canary.example").decode())
    assert "canary.example" not in left and "flipped" not in left
    names = {name.lower() for name in re.findall(r"<([a-zA-Z0-9]+)", left)}
    assert names <= sanitiser.TAGS
    attributes = {name for tag in re.findall(r"<[a-z0-9]+([^>]*)>", left) for name in re.findall(r"([a-z-]+)=", tag)}
    assert attributes <= {"alt", "dir", "lang", "colspan", "rowspan"}


def test_text_structure_and_alternative_texts_stay() -> None:
    left = sanitise(intruding_page("http://canary.example").decode())
    assert "<h1>Hostile</h1>" in left and 'alt="a picture of a cat"' in left and "<a>a link away</a>" in left
    assert sanitise("<table><tr><td colspan=2 onclick=x>1 &lt; 2</table>").count('<td colspan="2">1 &lt; 2</td>') == 1
    assert sanitise("<p dir=rtl lang=ar>نص</p>") == '<p dir="rtl" lang="ar">نص</p>'
    assert sanitise("no markup \x00 \ud800").startswith("no markup")


@pytest.mark.parametrize(
    "html", ["<div>" * 50_000, "".join(f"<p><b a{n}>" for n in range(6_000))], ids=["deep", "wide"]
)
def test_a_page_that_takes_too_long_is_refused(html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitiser, "SECONDS", 0.5)
    with pytest.raises(ValueError, match="the page cannot be laid out within"):
        sanitise(html)
