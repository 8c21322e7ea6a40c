"""Roles: what each block is to its page: a title, a byline, code, a comment, a part of the navigation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Blocks
from corpus.extract.elements import EL
from corpus.extract.kernels.phrases import IS_TITLE
from corpus.extract.kernels.writer import BLOCK, PREFORMATTED
from corpus.extract.regions import KINDS, Regions

CAPTIONS, CELLS = (EL.figcaption, EL.caption), (EL.td, EL.th, EL.tr)
NAVIGATION = ("nav", "footer", "aside", "related", "share", "header")
NOTICES = ("promo", "hidden")


def find_roles(blocks: Blocks, regions: Regions, keep: NDArray[np.bool_]) -> list[str]:
    """One of corpus.extract.config.ROLES for each block. What is kept of the page's text is main where it is nothing
    more particular; what is not kept is navigation or a notice."""
    comment = KINDS.index("comment")
    roles = []
    for row, kept in zip(blocks.rows.tolist(), keep.tolist(), strict=True):
        kind = KINDS[regions.kind[row[BLOCK.region]]]
        if regions.kinds[row[BLOCK.region]] >> comment & 1:
            role = "comment"
        elif row[BLOCK.flags] & IS_TITLE:
            role = "title"
        elif row[BLOCK.element] in CAPTIONS or kind == "caption":
            role = "caption"
        elif kind == "meta":
            role = "byline"
        elif not kept:
            role = "notice" if kind in NOTICES else "navigation"
        elif row[BLOCK.tag] == PREFORMATTED:
            role = "code"
        elif row[BLOCK.element] in CELLS:
            role = "table"
        else:
            role = "main"
        roles.append(role)
    return roles
