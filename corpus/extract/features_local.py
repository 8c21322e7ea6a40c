"""Local features: what is known of each block by itself, by its neighbours and by the containers around it, as whole
numbers, so that every machine computes the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.extract.blocks import Reading
from corpus.extract.containers import CORES, LEVELS, add_inner, innermost_with_share
from corpus.extract.elements import NAMES
from corpus.extract.kernels.phrases import HAS_FRAME_WORDS, IS_FRAME, IS_SENTENCE, IS_TAIL, IS_TITLE
from corpus.extract.kernels.writer import BLOCK
from corpus.extract.regions import KINDS, MAIN, SOFT, Regions
from corpus.extract.vocabulary import Vocabulary, alone, find_words, score_words
from corpus.text.compiled import kernel, number_names

Ints = NDArray[np.int64]
Features = NDArray[np.int16]

LONG = 90  # columns
MAX_WIDTH = 400  # what one block may weigh among its neighbours
NAME_SHARE = 85  # percent of the running text
MOST = 30_000
NEIGHBOURS = (-2, -1, 1, 2)
# Elements by what they are to a text, in the order in which a threshold parts them best: from paragraph to control.
ELEMENT_CLASSES = (
    "p",
    "pre listing xmp plaintext textarea",
    "blockquote q",
    "dd",
    "li",
    "h1",
    "h2",
    "h3",
    "h4 h5 h6",
    "dt summary legend",
    "figcaption caption figure",
    "td th tr",
    "article main section body html",
    "div center",
    "header footer nav aside form",
    "button label option",
)
_CLASS_OF_ELEMENT = np.zeros(len(NAMES) + 1, np.int64)
for _number, _names in enumerate(ELEMENT_CLASSES, 1):
    _CLASS_OF_ELEMENT[[1 + NAMES.index(name) for name in _names.split()]] = _number

LOCAL_FEATURES = (
    *("width", "link share", "element", "tag", "depth", "number", "position", "characters before", "characters after"),
    *("sentence", "frame", "tail", "frame words", "titled", "copies", "commas", "stops", "digits", "capitals"),
    *("clock time", "year", "at sign", "separators", "prices", "prices of page"),
    "kind",
    *(f"somewhere in {kind}" for kind in (*KINDS[1:], "main")),
    *(
        f"{what} around, {level}"
        for level in range(LEVELS)
        for what in ("links", "long text", "share of long text", "blocks")
    ),
    *(f"inside {core} % of long text" for core in CORES),
    *("page has main, not in it", "share of long text in its kind", "alike on page"),
    *("long text of page", "text of page"),
    *(
        f"{what} of {place}"
        for place in ("second before", "one before", "one after", "second after")
        for what in ("width", "link share", "element")
    ),
    *("blocks since heading", "blocks since title", "in region of block before", "long blocks in a row"),
    *("long text before", "long text after", "names", "innermost names", "words"),
)
FEATURE = number_names(LOCAL_FEATURES)
PER_LEVEL = 4  # features of a container around a block
PER_NEIGHBOUR = 3


class LocalFeatures(NamedTuple):
    """The features of a page's n blocks, and what the context features are computed from."""

    features: Features  # n x LOCAL_FEATURES
    weight: Ints  # n
    kind: Ints  # n, as in Regions
    blocks: Ints  # the rows of Blocks
    regions: Regions


def compute_local_features(reading: Reading, vocabulary: Vocabulary) -> LocalFeatures:
    blocks, regions = reading.blocks, reading.regions
    n = len(blocks.rows)
    features, weight, kind = np.zeros((n, len(FEATURE)), np.int16), np.empty(n, np.int64), np.empty(n, np.int64)
    _fill_local(blocks.points, blocks.rows, regions, _CLASS_OF_ELEMENT, weight, kind, features)
    named = blocks.rows[:, BLOCK.named]
    features[:, FEATURE.names] = score_words(reading.names, vocabulary.names)[named]
    features[:, FEATURE.innermost_names] = score_words(alone(reading.names), vocabulary.innermost)[named]
    features[:, FEATURE.words] = score_words(find_words(blocks.points, blocks.rows), vocabulary.words)
    return LocalFeatures(features, weight, kind, blocks.rows, regions)


@kernel
def _make_credible(kind, kinds, prose):
    """Takes from the blocks' kinds those that would leave nothing of the page. Where nearly all of its running text is
    in comments, it is a thread; where a page builder calls each of its parts a widget, the name says nothing."""
    maximum = NAME_SHARE * prose.sum()
    for name in range(1, SOFT):
        named = 0
        for block in range(len(kind)):
            named += prose[block] * (kinds[block] >> name & 1)
        if 100 * named > maximum:
            for block in range(len(kind)):
                kinds[block] &= ~(1 << name)
                if kind[block] == name:
                    kind[block] = 0


@kernel
def _is_currency(code):
    return code == 36 or 0xA3 <= code <= 0xA5 or 0x20A0 <= code <= 0x20BF or code == 0xFFE5


@kernel
def _count_signs(points, start, end, row):
    """What signs a block has: commas and stops, shares of digits and capitals, the form of a time or a year."""
    commas = stops = digits = capitals = separators = letters = prices = 0
    time = year = at_sign = False
    run = 0
    for position in range(start, end):
        code = points[position]
        if 48 <= code <= 57:
            digits += 1
            run += 1
            prices += run == 1 and position > start and _is_currency(points[position - 1])
            continue
        if run == 4 and (points[position - 4] == 49 or points[position - 4] == 50):
            year = True
        if code == 58 and 0 < run < 3 and position + 1 < end and 48 <= points[position + 1] <= 57:
            time = True
        prices += run > 0 and _is_currency(code)
        run = 0
        if 97 <= code <= 122:
            letters += 1
        elif 65 <= code <= 90:
            capitals += 1
        elif code == 44 or code == 0xFF0C or code == 0x3001:
            commas += 1
        elif code == 46 or code == 33 or code == 63 or code == 0x3002 or code == 0xFF01 or code == 0xFF1F:
            stops += 1
        elif code == 64:
            at_sign = True
        elif code == 124 or code == 0x2022 or code == 0xB7 or code == 0x203A or code == 0xBB or code == 47:
            separators += 1
    if run == 4 and (points[end - 4] == 49 or points[end - 4] == 50):
        year = True
    row[FEATURE.commas], row[FEATURE.stops] = min(commas, MOST), min(stops, MOST)
    row[FEATURE.digits] = 100 * digits // (end - start)
    row[FEATURE.capitals] = 100 * capitals // (letters + capitals + 1)
    row[FEATURE.clock_time], row[FEATURE.year], row[FEATURE.at_sign] = time, year, at_sign
    row[FEATURE.separators], row[FEATURE.prices] = min(separators, MOST), min(prices, MOST)


@kernel
def _fill_local(points, blocks, regions, classes, weight, kind, features):
    n, containers = len(blocks), len(regions.kind)
    around, last = regions.around, regions.last
    share, prose, kinds = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    same = np.zeros(n, np.int64)
    prose_in, links_in, weight_in, blocks_in = (
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
        np.zeros(containers, np.int64),
    )
    total, characters = 1, 1
    for block in range(n):
        width, where = blocks[block, BLOCK.width], blocks[block, BLOCK.region]
        length = blocks[block, BLOCK.end] - blocks[block, BLOCK.start]
        weight[block] = min(width, MAX_WIDTH)
        share[block] = 100 * min(blocks[block, BLOCK.linked], length) // length
        prose[block] = weight[block] if width >= LONG and share[block] < 25 else 0
        kind[block], kinds[block] = regions.kind[where], regions.kinds[where]
        same[blocks[block, BLOCK.first]] += 1
        total += weight[block]
        characters += width
        prose_in[where] += prose[block]
        links_in[where] += weight[block] * share[block]
        weight_in[where] += weight[block]
        blocks_in[where] += 1
    add_inner(prose_in, last)
    add_inner(links_in, last)
    add_inner(weight_in, last)
    add_inner(blocks_in, last)
    all_prose = prose_in[0]
    cores = [innermost_with_share(core, prose_in) for core in CORES]
    _make_credible(kind, kinds, prose)
    in_kind, alike, has_main = np.zeros(len(KINDS), np.int64), np.zeros((len(KINDS), 16), np.int64), False
    for block in range(n):
        in_kind[kind[block]] += prose[block]
        main = kinds[block] >> MAIN & 1
        has_main |= main != 0
        alike[kind[block], 8 * main + 4 * (share[block] > 0) + blocks[block, BLOCK.tag]] += 1
    before, prose_before, prices, heading, title = 0, 0, 0, -1, -1
    for block in range(n):
        width, where, tag, flags = (
            blocks[block, BLOCK.width],
            blocks[block, BLOCK.region],
            blocks[block, BLOCK.tag],
            blocks[block, BLOCK.flags],
        )
        row, main = features[block], kinds[block] >> MAIN & 1
        row[FEATURE.width], row[FEATURE.link_share] = min(width, MOST), share[block]
        row[FEATURE.element], row[FEATURE.tag] = classes[blocks[block, BLOCK.element]], tag
        row[FEATURE.depth] = blocks[block, BLOCK.depth]
        row[FEATURE.number], row[FEATURE.position] = min(block, MOST), 100 * block // n
        row[FEATURE.characters_before] = 1_000 * before // characters
        before += width
        row[FEATURE.long_text_before] = 100 * prose_before // (all_prose + 1)
        prose_before += prose[block]
        row[FEATURE.long_text_after] = 100 * (all_prose - prose_before) // (all_prose + 1)
        row[FEATURE.characters_after] = 1_000 * (characters - before) // characters
        row[FEATURE.sentence], row[FEATURE.frame] = flags & IS_SENTENCE != 0, flags & IS_FRAME != 0
        row[FEATURE.tail], row[FEATURE.frame_words] = flags & IS_TAIL != 0, flags & HAS_FRAME_WORDS != 0
        row[FEATURE.titled] = flags & IS_TITLE != 0
        row[FEATURE.copies] = min(same[blocks[block, BLOCK.first]], MOST)
        _count_signs(points, blocks[block, BLOCK.start], blocks[block, BLOCK.end], row)
        prices += row[FEATURE.prices]
        row[FEATURE.kind] = kind[block]
        for name in range(1, len(KINDS) + 1):
            row[FEATURE.somewhere_in_comment + name - 1] = kinds[block] >> name & 1
        container = where
        for level in range(LEVELS):
            offset = PER_LEVEL * level
            row[FEATURE.links_around_0 + offset] = links_in[container] // (weight_in[container] + 1)
            row[FEATURE.long_text_around_0 + offset] = 100 * prose_in[container] // (weight_in[container] + 1)
            row[FEATURE.share_of_long_text_around_0 + offset] = 100 * prose_in[container] // (all_prose + 1)
            row[FEATURE.blocks_around_0 + offset] = min(MOST, blocks_in[container])
            container = around[container]
        for number in range(len(CORES)):
            core = cores[number]
            row[FEATURE.inside_50_of_long_text + number] = core <= where <= last[core]
        row[FEATURE.page_has_main_not_in_it] = has_main and not main
        row[FEATURE.share_of_long_text_in_its_kind] = 100 * in_kind[kind[block]] // (all_prose + 1)
        row[FEATURE.alike_on_page] = min(MOST, alike[kind[block], 8 * main + 4 * (share[block] > 0) + tag])
        row[FEATURE.long_text_of_page] = 100 * all_prose // total
        row[FEATURE.text_of_page] = min(MOST, characters // 10)
        for number in range(len(NEIGHBOURS)):
            other, offset = block + NEIGHBOURS[number], PER_NEIGHBOUR * number
            if 0 <= other < n:
                row[FEATURE.width_of_second_before + offset] = min(blocks[other, BLOCK.width], MOST)
                row[FEATURE.link_share_of_second_before + offset] = share[other]
                row[FEATURE.element_of_second_before + offset] = classes[blocks[other, BLOCK.element]]
            else:
                row[FEATURE.width_of_second_before + offset] = row[FEATURE.link_share_of_second_before + offset] = -1
                row[FEATURE.element_of_second_before + offset] = -1
        row[FEATURE.blocks_since_heading] = min(MOST, block - heading) if heading >= 0 else -1
        row[FEATURE.blocks_since_title] = min(MOST, block - title) if title >= 0 else -1
        row[FEATURE.in_region_of_block_before] = block > 0 and blocks[block - 1, BLOCK.region] == where
        if 5 < row[FEATURE.element] < 10:
            heading = block
        if flags & IS_TITLE:
            title = block
    run = 0
    for block in range(n):  # how many long blocks in a row, with at most a short one between
        features[block, FEATURE.prices_of_page] = min(prices, MOST)
        run = run + 1 if prose[block] else max(0, run - 1)
        features[block, FEATURE.long_blocks_in_a_row] = run
