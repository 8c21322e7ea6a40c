"""Published: the date that a page gives itself."""

from __future__ import annotations

import pytest

from corpus.extract.publication import find_publication_date


@pytest.mark.parametrize(
    ("head", "day"),
    [
        ('<meta property="article:published_time" content="2021-03-04T05:06:07Z">', "2021-03-04"),
        ('<script type="application/ld+json">{"@type":"Article","datePublished":"2020-02-29"}</script>', "2020-02-29"),
        ('<time datetime="2019-12-31">New Year</time>', "2019-12-31"),
        ('<meta name="date.modified" content="2021-03-04">', None),
        ('<meta property="article:published_time" content="2021-13-44">', None),
        ('<time datetime="1970-01-01">never</time>', None),
    ],
)
def test_the_date_is_the_pages_own(head: str, day: str | None) -> None:
    assert find_publication_date(f"<html><head>{head}</head><body><p>Rain fell.</p></body></html>".encode()) == day
