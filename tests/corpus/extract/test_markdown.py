"""Markdown: the structure that plain text loses."""

from __future__ import annotations

import pytest

from corpus.extract.config import ExtractConfig
from corpus.extract.page import Extracted, extract_page

WHOLE = ExtractConfig(main_content=False, format="markdown")


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h1>Rivers</h1><p>Water.<h3>Delta</h3>Mud.", "# Rivers\n\nWater.\n\n### Delta\n\nMud."),
        ("<p>a<ul><li>b<ul><li>c</ul><li>d</ul><p>e", "a\n\n- b\n  - c\n- d\n\ne"),
        ("<ol><li><p>a<p>b<li>c</ol>", "1. a\n   b\n1. c"),
        (
            "<table><tr><th>Berth<th>Price<tr><td>East<td>a | b</table><table><tr><td>1<td>2</table>",
            "| Berth | Price |\n| --- | --- |\n| East | a \\| b |\n\n| 1 | 2 |\n| --- | --- |",
        ),
        ("<pre>if x:\n    y()</pre>z", "```\nif x:\n    y()\n```\n\nz"),
        ("<pre>a\n```\nb</pre>", "````\na\n```\nb\n````"),
        ("<blockquote>Said so</blockquote><p># no heading<p>3. no list", "> Said so\n\n\\# no heading\n\n\\3. no list"),
        ('<p>It is <math alttext="x^2"><mi>x</mi></math>.', "It is $x^2$."),
    ],
)
def test_blocks_are_written_as_markdown(html: str, markdown: str) -> None:
    found = extract_page(html.encode(), None, WHOLE)
    assert isinstance(found, Extracted)
    assert found.text == markdown
