"""Elements: what each element of HTML does to text, as tables that compiled code looks up by an element's name.

Source: the HTML Living Standard, 13.2 (parsing) and 15.3 (rendering).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from corpus.text.compiled import kernel, number_names

# What an element does (bits).
BLOCK, VOID, SKIPPED, ENDS_PARAGRAPH, SCOPE, PRE, CODE, HEADING, CONTAINER = (1 << bit for bit in range(9))

_BLOCKS = """address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure
footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p
plaintext pre search section summary table caption tbody tfoot thead tr ul xmp button textarea object head noscript
template"""
_VOIDS = """area base br col embed hr img input link meta param source track wbr keygen basefont bgsound frame"""
# Their content is no text of the page: everything up to the end tag is passed over.
_SKIPPED = """script style svg iframe noembed noframes noscript template select datalist canvas video audio meter"""
_ENDS_PARAGRAPH = """address article aside blockquote center details dialog dir div dl fieldset figcaption figure
footer form h1 h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext pre search section summary
table ul xmp dd dt"""
# Which a stray end tag inside does not close.
_SCOPES = """html table td th caption object template button marquee"""
_CONTAINERS = """nav footer div section header aside main article form figcaption dialog menu"""
_OTHERS = """a abbr annotation b bdi bdo big cite code data dfn em font i ins kbd label map mark marquee math
mjx-container mfrac mi mn mo mover mroot mrow ms msqrt msub msubsup msup mtable mtd mtext mtr munder munderover nobr q
rb rp rt rtc ruby s samp semantics small span strike strong sub sup td th time title tt u var"""

NAMES = tuple(
    dict.fromkeys(f"{_CONTAINERS} {_BLOCKS} {_VOIDS} {_SKIPPED} {_ENDS_PARAGRAPH} {_SCOPES} {_OTHERS}".split())
)
EL = number_names(("unknown", *NAMES))  # with "mjx_container" for the one that has a hyphen
NAMING = ("class", "id", "role", "itemprop")  # which say what an element is: see corpus/extract/regions
ATTRIBUTES = (
    *NAMING,
    *("hidden", "style", "href", "alt", "src", "type", "encoding", "alttext", "shadowrootmode", "aria-hidden"),
)
AT = number_names(("none", *(name.replace("class", "classes") for name in ATTRIBUTES)))
SLOTS = 1024  # of a table of names

_FACTOR = np.uint64(0x100000001B3)


@kernel
def name_hash(data, start, end):
    """(hash, end) of the name at a position: in whatever case, up to white space, a slash, ">" or "="."""
    state = np.uint64(0xCBF29CE484222325)
    position = start
    while position < end:
        byte = data[position]
        if byte <= 32 or byte == 47 or byte == 62 or (byte == 61 and position > start):
            break
        if 65 <= byte <= 90:
            byte += 32
        state = (state ^ np.uint64(byte)) * _FACTOR
        position += 1
    return state, position


@kernel
def find_name(keys, numbers, name):
    """The number of a name by its hash; 0 for an unknown one."""
    slot = np.int64(name >> np.uint64(32)) & (SLOTS - 1)
    while keys[slot] != 0:
        if keys[slot] == name:
            return numbers[slot]
        slot = (slot + 1) & (SLOTS - 1)
    return np.int64(0)


def _table(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(SLOTS,) uint64 hashes and int64 numbers, from 1 in the order of the names."""
    keys, numbers = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.int64)
    for number, name in enumerate(names, 1):
        key = name_hash(np.frombuffer(name.encode(), np.uint8), 0, len(name))[0]
        slot = int(key) >> 32 & (SLOTS - 1)
        while keys[slot]:
            slot = (slot + 1) & (SLOTS - 1)
        keys[slot], numbers[slot] = key, number
    return keys, numbers


@cache
def element_tables() -> tuple[np.ndarray, ...]:
    """Of elements: hashes and numbers of names, and each number's bits. Of attributes: hashes, and numbers from 1."""
    bits = np.zeros(len(EL), np.int64)
    for bit, names in (
        *((BLOCK, _BLOCKS), (VOID, _VOIDS), (SKIPPED, _SKIPPED), (ENDS_PARAGRAPH, _ENDS_PARAGRAPH), (SCOPE, _SCOPES)),
        *((PRE, "pre listing xmp plaintext textarea"), (CODE, "code kbd samp tt"), (HEADING, "h1 h2 h3 h4 h5 h6")),
        (CONTAINER, _CONTAINERS),
    ):
        bits[[1 + NAMES.index(name) for name in names.split()]] |= bit
    return (*_table(NAMES), bits, *_table(ATTRIBUTES))
