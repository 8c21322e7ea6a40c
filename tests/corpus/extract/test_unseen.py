"""Unseen: articles that a page shows by scripts alone."""

from __future__ import annotations

import json

import pytest

from corpus.extract.config import ExtractConfig
from corpus.extract.page import Extracted, extract_page

ARTICLE = (
    "The harbour office keeps a ledger of every boat that ties up overnight, and the clerk reads it aloud.",
    "In late autumn the list grows short, because most owners have hauled their boats ashore until spring.",
    "Visitors who arrive without a reservation are asked to moor along the eastern wall & wait there.",
)
PARAGRAPHS = "".join(f"<p>{text.replace('&', '&amp;')}</p>" for text in ARTICLE)
SHELL = "<nav><a href=/>Home</a> <a href=/news>News</a></nav><div id=root></div>"


def data(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


@pytest.mark.parametrize(
    "page",
    [
        f"<body>{SHELL}<noscript><h1>Rules</h1>{PARAGRAPHS}</noscript>",
        data({"@type": "NewsArticle", "articleBody": "\n".join(ARTICLE)}) + SHELL,
        data({"@graph": [{"@type": "WebSite"}, {"articleBody": PARAGRAPHS}]}) + SHELL,
        data([{"mainEntity": {"articleBody": "\n".join(ARTICLE).replace("&", "&amp;")}}]) + SHELL,
        f"{SHELL}<x-article><template shadowrootmode=open>{PARAGRAPHS}</template></x-article>",
    ],
)
def test_the_article_is_found(page: str) -> None:
    found = extract_page(page.encode(), None, ExtractConfig())
    assert isinstance(found, Extracted), found
    assert [line for line in found.text.split("\n") if len(line) > 60] == list(ARTICLE)


@pytest.mark.parametrize(
    "other",
    [
        "<noscript>You need to enable JavaScript to run this app.</noscript>",
        data({"articleBody": "Read more"}),
        '<script type="application/ld+json">{"articleBody": </script>',
        f"<template>{PARAGRAPHS.replace('harbour', 'ghost')}</template>",
    ],
)
def test_what_is_no_article_takes_nobodys_place(other: str) -> None:
    found = extract_page(f"<h1>Rules</h1>{PARAGRAPHS}{other}".encode(), None, ExtractConfig())
    assert isinstance(found, Extracted)
    assert found.extractor == "blocks" and ARTICLE[0] in found.text and "JavaScript" not in found.text
    alone = extract_page(f"<body>{other}".encode(), None, ExtractConfig())
    assert alone == "no_text"
