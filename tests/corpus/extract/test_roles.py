"""Roles: what each block is to its page, and which roles are kept."""

from __future__ import annotations

import pytest

from corpus.extract.config import ROLES, ExtractConfig
from corpus.extract.page import Extracted, describe_blocks, extract_page

TEXT = (
    "The harbour office keeps a ledger of every boat that ties up overnight, and the clerk reads it aloud each day.",
    "In late autumn the list grows short, because most owners have hauled their boats ashore and covered them.",
    "Visitors who arrive without a reservation are asked to moor along the eastern wall, where the water is deep.",
)
COMMENT = "I was there last summer, and the clerk was very friendly to us; thank you for this, it brought it back."
PAGE = f"""<title>Harbour rules</title><nav><a href=/>Home</a></nav><article><h1>Harbour rules</h1>
<div class=byline>By A. Clerk</div>{"".join(f"<p>{text}</p>" for text in TEXT)}
<pre>tie(rope)</pre><table><tr><td>East<td>12 euro</table><figure><figcaption>The wall</figcaption></figure></article>
<section class=comments><h2>Comments</h2><p>{COMMENT}</p></section><div class=cookie-consent>We use cookies</div>"""


def test_each_block_has_its_role() -> None:
    roles = {str(block["text"]): block["role"] for block in describe_blocks(PAGE.encode(), None, ExtractConfig())}
    assert set(roles.values()) <= set(ROLES)
    assert [roles[text] for text in TEXT] == ["main"] * 3
    expected = {
        "Home": "navigation",
        "Harbour rules": "title",
        "By A. Clerk": "byline",
        "The wall": "caption",
        COMMENT: "comment",
        "We use cookies": "notice",
    }
    assert {text: roles[text] for text in expected} == expected


def test_comments_can_be_left_out() -> None:
    thread = PAGE.replace("</section>", f"<p>{COMMENT.replace('summer', 'winter')}</p></section>").encode()
    kept = extract_page(thread, None, ExtractConfig(roles=tuple(role for role in ROLES if role != "comment")))
    assert isinstance(kept, Extracted)
    assert "friendly" not in kept.text and all(text in kept.text for text in TEXT)


@pytest.mark.parametrize("roles", [(), ("mian",)])
def test_a_role_that_there_is_not_is_refused(roles: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="give some of main, title"):
        ExtractConfig(roles=roles)
