"""Config: which extractor reads a page, and how much it keeps. Apart from the extractors, which take a second to
import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Extractor = Literal["blocks", "trafilatura", "justext", "union"]


@dataclass(frozen=True, kw_only=True)
class ExtractConfig:
    """`extractor`: "blocks" is Headwater's own; "union" takes the best of all three for each page. `main_content`:
    leave out navigation, headers and footers. `min_score`, in hundredths of a logit: blocks that score lower are left
    out; a lower one keeps more. `rescue_below`: where the main text has less than this share of the page's text, the
    choice missed it, and the whole page's text is taken."""

    extractor: Extractor = "blocks"
    main_content: bool = True
    min_score: int = 0
    rescue_below: float = 0.05
