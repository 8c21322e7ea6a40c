"""Effects: what an element's name and attributes do to the text in it, read by compiled code."""

from __future__ import annotations

from numba import types

from corpus.extract.elements import AT as ATTRIBUTE
from corpus.extract.elements import BLOCK, CODE, EL, HEADING, PRE
from corpus.extract.kernels.markup import as_bytes, find_byte
from corpus.extract.kernels.names import kind_of_words
from corpus.extract.kernels.stack import (
    BREAKS,
    HIDDEN,
    IN_CODE,
    IN_FORMULA,
    IN_HEADING,
    IN_PARAGRAPH,
    LINKS,
    PASSED_OVER,
    PREFORMATTED,
)
from corpus.extract.kernels.styles import BLOCKS, HIDES, PREFORMATS, read_style
from corpus.extract.kernels.tags import contains
from corpus.extract.kernels.writer import AT
from corpus.text.compiled import kernel

UNTIL_FOUND, TRUE = as_bytes("until-found"), as_bytes("true")
MATHJAX, KATEX_HTML = as_bytes("MathJax"), as_bytes("katex-html")
TEX, MATH, DISPLAY, CODE_WORD = as_bytes("tex"), as_bytes("math"), as_bytes("{\\displaystyle"), as_bytes("code")
LINE_NUMBERS = (as_bytes("lineno"), as_bytes("line-num"), as_bytes("blob-num"), as_bytes("ln-num"))
# What a reader opens by a click (folded answers, tabs), or a script puts in its place (React's streamed parts).
REVEALED = tuple(
    map(
        as_bytes,
        (
            "accordion",
            "collaps",
            "tab-pane",
            "tabpanel",
            "panel",
            "faq",
            "toggle",
            "expand",
            "aria-labelledby",
            'id="s:',
        ),
    )
)
GUTTER = as_bytes("gutter")  # of a table of code; elsewhere the space between columns


@kernel
def kind_of_attributes(data, found, tables):
    """The kind that class, id, role and itemprop name: the first decided one, else the first."""
    kind = types.int64(0)
    for number in range(ATTRIBUTE.classes, ATTRIBUTE.itemprop + 1):
        if found[number, 0] >= 0:
            kind = kind_of_words(
                data, found[number, 0], found[number, 1], tables.words, tables.endings, tables.soft, kind
            )
            if 0 < kind < tables.soft:
                return kind
    return kind


@kernel
def _class_says(data, found, wanted):
    start = found[ATTRIBUTE.classes, 0]
    return start >= 0 and contains(data, start, found[ATTRIBUTE.classes, 1], wanted)


@kernel
def _has_class(data, found, wanted):
    """Whether one of an element's classes is just that."""
    position, end = found[ATTRIBUTE.classes, 0], found[ATTRIBUTE.classes, 1]
    while 0 <= position < end:
        stop = find_byte(data, 32, position, end)
        if stop - position == len(wanted) and _begins(data, position, wanted):
            return True
        position = stop + 1
    return False


@kernel
def _begins(data, position, wanted):
    step = 0
    while step < len(wanted) and data[position + step] == wanted[step]:
        step += 1
    return step == len(wanted)


@kernel
def _is_rendered(data, found):
    """Whether an element is what MathJax 2 makes of a formula: MathJax, MathJax_Display, MathJax_SVG; not what a theme
    calls mathjax-enabled."""
    position, end = found[ATTRIBUTE.classes, 0], found[ATTRIBUTE.classes, 1]
    while 0 <= position < end:
        if end - position >= len(MATHJAX) and data[position] == MATHJAX[0] and _begins(data, position, MATHJAX):
            return position + len(MATHJAX) == end or data[position + len(MATHJAX)] in (32, 95)
        position = find_byte(data, 32, position, end) + 1
    return False


@kernel
def effects_of(data, tag, tag_end, element, bits, found, has_tex, has_mathml, state):
    """What an opened element does to its text."""
    effects = 0
    if element == EL.a and found[ATTRIBUTE.href, 0] >= 0:
        effects |= LINKS
    if bits & PRE:
        effects |= PREFORMATTED
    if bits & CODE:
        effects |= IN_CODE
    if bits & HEADING:
        effects |= IN_HEADING
    if element == EL.p:
        effects |= IN_PARAGRAPH
    if bits & BLOCK:
        effects |= BREAKS
    if found[ATTRIBUTE.style, 0] >= 0:
        style = read_style(data, found[ATTRIBUTE.style, 0], found[ATTRIBUTE.style, 1])
        if style & HIDES:
            effects |= HIDDEN
        if style & BLOCKS:
            effects |= BREAKS
        if style & PREFORMATS and (effects & BREAKS or bits & CODE):  # not each span of a text editor
            effects |= PREFORMATTED
    start, end = found[ATTRIBUTE.hidden, 0], found[ATTRIBUTE.hidden, 1]
    if start >= 0 and not contains(data, start, end, UNTIL_FOUND):
        effects |= HIDDEN
    if element in (EL.html, EL.body, EL.main):  # hidden until a script runs, or there would be no page
        effects &= ~HIDDEN
    if effects & HIDDEN:
        for words in REVEALED:
            if contains(data, tag, tag_end, words):
                effects &= ~HIDDEN
    if element in (EL.rt, EL.rtc):
        effects |= PASSED_OVER
    if found[ATTRIBUTE.classes, 0] >= 0:
        if element == EL.td or (element == EL.span and state[AT.preformatted]):
            for words in LINE_NUMBERS:
                if _class_says(data, found, words):
                    effects |= PASSED_OVER
        if element == EL.td and _class_says(data, found, GUTTER):
            effects |= PASSED_OVER
        if element == EL.td and _class_says(data, found, CODE_WORD):
            effects |= PREFORMATTED
        if element in (EL.span, EL.p, EL.div, EL.font) and _has_class(data, found, CODE_WORD):
            effects |= IN_CODE
        is_mathjax = element in (EL.span, EL.div) and _is_rendered(data, found)
        if has_tex and is_mathjax:
            effects |= PASSED_OVER
        if has_mathml and _class_says(data, found, KATEX_HTML):
            effects |= PASSED_OVER
        if is_mathjax:
            effects |= IN_FORMULA
    if element == EL.mjx_container:
        effects |= IN_FORMULA
    start, end = found[ATTRIBUTE.aria_hidden, 0], found[ATTRIBUTE.aria_hidden, 1]
    if state[AT.formula] and has_mathml and start >= 0 and contains(data, start, end, TRUE):
        effects |= PASSED_OVER
    return effects


@kernel
def is_formula_image(data, found):
    """Whether an image is one of a formula, whose alternative text is its TeX."""
    start, end = found[ATTRIBUTE.alt, 0], found[ATTRIBUTE.alt, 1]
    if start < 0 or end <= start:
        return False
    if contains(data, start, end, DISPLAY):
        return True
    source = found[ATTRIBUTE.src]
    return (
        _class_says(data, found, TEX)
        or _class_says(data, found, MATH)
        or (source[0] >= 0 and contains(data, source[0], source[1], TEX))
    )
