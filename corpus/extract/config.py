"""Config: which extractor reads a page, and how much it keeps. Apart from the extractors, which take a second to
import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Extractor = Literal["blocks", "trafilatura", "justext", "union"]
TextFormat = Literal["text", "markdown"]
# What a block is to its page.
ROLES = ("main", "title", "byline", "caption", "comment", "table", "code", "navigation", "notice")


@dataclass(frozen=True, kw_only=True)
class ExtractConfig:
    """`extractor`: "blocks" is Headwater's own; "union" takes the best of all three for each page. `main_content`:
    leave out navigation, headers and footers. `min_score`, in hundredths of a logit: blocks that score lower are left
    out; a lower one keeps more. `rescue_below`: where the main text has less than this share of the page's text, the
    choice missed it, and the whole page's text is taken. `roles`: of the blocks of the main text, those of which role
    are kept (`("main", "title", "table", "code")` has no comments). `format`: "markdown" has headings, lists, tables
    and code as Markdown. Roles and format are those of Headwater's own extractor."""

    extractor: Extractor = "blocks"
    main_content: bool = True
    min_score: int = 0
    rescue_below: float = 0.01
    roles: tuple[str, ...] = ROLES
    format: TextFormat = "text"

    def __post_init__(self) -> None:
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown or not self.roles:
            raise ValueError(f"roles {', '.join(unknown) or 'none'}: give some of {', '.join(ROLES)}")
