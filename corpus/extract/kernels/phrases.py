"""Phrases: the words of lines that stand around a text, as tables through which compiled code goes letter by letter.

A line may begin with such a phrase ("Share this", "Related stories"), after white space and marks, or hold one
anywhere ("all rights reserved"). Both are looked up in lower case.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from corpus.text.codepoints import LETTER_BIT, MARK_BIT, UNSPACED_BIT
from corpus.text.compiled import kernel, number_names

# The flags of a block (bits): see corpus/extract/blocks.
IS_FRAME, IS_TAIL, HAS_FRAME_WORDS, IS_TITLE, IS_SENTENCE = (1 << bit for bit in range(5))

# What may follow a phrase: anything, no letter, a letter, nothing.
ANYTHING, NO_LETTER, A_LETTER, NOTHING = range(4)
ENDING = number_names(("flags", "follower"))  # the columns of a phrase's end
NUMBER = "0"  # of a phrase: any number
COPYRIGHT = ord("©")  # the one phrase that begins with a mark

# How lines begin. After the first kind the text is often over.
TAIL = """related|recommended|read more|read next|more from|more stories|more on|more like|more in|more to|more news
more articles|more posts|see also|popular|you may|you might|also like|also read|trending|latest|recent|about the author
footnotes|share this|share on|filed under|tags:|subscribe|sign up|newsletter|what to read|keep reading|customers also
similar|up next|further reading|kommentare|ähnliche|das könnte|mehr zum|weitere|lesen sie|verwandte|über den autor
article similaires|articles similaires|article liés|articles liés|à lire|commentaires|artículos|comentarios|te puede
articoli correlati|相关|推荐|猜你|热门|评论|延伸阅读|责任编辑|関連|コメント|おすすめ"""
LAST_TAIL = "references|sources"  # alone on their line
SAID = "comment|comments|reply|replies|discussion|conversation"
SAID_BEFORE = ("", f"{NUMBER} ", "leave a ", "post a ", "add a ", "user ", "reader ", "join the ")
FRAME = """copyright|all rights reserved|privacy|cookie|we use cookies|terms|sign in|login|log in|register|share|tweet
follow|print|email|e-mail|facebook|twitter|post by|post in|post on|posted by|posted in|posted on|published|updated
categor|previous|next|back to|skip to|click here|advertisement|sponsored|search|loading|contact|about|powered by|teilen
drucken|kommentar|impressum|datenschutz|weiterlesen|partager|lire aussi|comparti|leer m|上一篇|下一篇|版权|分享|登录
注册|シェア"""
ANYWHERE = """copyright|©|rights reserved|cookie|privacy policy|terms of|newsletter|subscribe|sign up|your email
e-mail address|log in|javascript|advertis|版权|未经授权|datenschutz"""


def _list(phrases: str) -> list[str]:
    return phrases.replace("\n", "|").split("|")


def _beginnings() -> dict[str, tuple[int, int]]:
    """How a line may begin: the bits that it gets, and what may follow."""
    frame, tail = IS_FRAME, IS_FRAME | IS_TAIL
    return {
        **dict.fromkeys(_list(FRAME), (frame, ANYTHING)),
        **dict.fromkeys(("tag", "tags"), (frame, NO_LETTER)),
        **dict.fromkeys(("by ",), (frame, A_LETTER)),
        **dict.fromkeys(("home", "menu"), (frame, NOTHING)),
        **dict.fromkeys(_list(TAIL), (tail, ANYTHING)),
        **dict.fromkeys(_list(LAST_TAIL), (tail, NOTHING)),
        **dict.fromkeys(map("".join, product(SAID_BEFORE, _list(SAID))), (tail, NO_LETTER)),
    }


@cache
def phrase_tables() -> tuple[np.ndarray, ...]:
    """(0x10000,) uint8: the letter that a code point is in either case, 0 where no phrase has it. Of the phrases that
    begin a line, (states, letters) int16: the state after a state's next letter, 0 where no phrase continues so; and
    (states, 2) int8, the columns of ENDING: the flags and the follower of the phrase that ends there. Of those anywhere
    in a line, (states, letters) int16, where the last state is that of a match (Aho and Corasick 1975, Efficient String
    Matching)."""
    beginnings, anywhere = _beginnings(), _list(ANYWHERE)
    alphabet = sorted(set("".join([*beginnings, *anywhere])))
    letters = np.zeros(0x10000, np.uint8)
    for number, letter in enumerate(alphabet, 1):
        letters[[ord(letter), ord(letter.upper())]] = number
    begin, ends = _trie([*beginnings], letters, len(alphabet) + 1)
    endings = np.zeros((len(begin), len(ENDING)), np.int8)
    for phrase, end in zip(beginnings, ends, strict=True):
        endings[end, [ENDING.flags, ENDING.follower]] = beginnings[phrase]
    inside, ends = _trie(anywhere, letters, len(alphabet) + 1)
    return letters, begin, endings, _searched(inside, ends)


def _trie(phrases: list[str], letters: np.ndarray, size: int) -> tuple[np.ndarray, list[int]]:
    """The states' next states, and each phrase's last state. States are numbered from 0, which is the start."""
    following = [[0] * size]
    ends = []
    for phrase in phrases:
        state = 0
        for letter in phrase:
            number = letters[ord(letter)]
            if not following[state][number]:
                following[state][number] = len(following)
                following.append([0] * size)
            state = following[state][number]
        ends.append(state)
    return np.array(following, np.int16), ends


def _searched(trie: np.ndarray, ends: list[int]) -> np.ndarray:
    """The trie with, where no phrase continues, the state of the longest beginning of one that what was read ends with.
    The last state, from which nothing leads away, is that of a match."""
    matched = len(trie)
    automaton = np.concatenate([trie, np.full((1, trie.shape[1]), matched, np.int16)])
    waiting = [(state, 0) for state in trie[0].tolist() if state]
    for state, shorter in waiting:  # which grows: states by their depth
        if shorter in ends:
            ends.append(state)
        for letter, after in enumerate(trie[state].tolist()):
            other = int(automaton[shorter, letter])
            if after:
                waiting.append((after, other))
            else:
                automaton[state, letter] = other
    for end in ends:
        automaton[automaton == end] = matched
    return automaton


@kernel
def _letter(letters, code):
    return letters[code] if code < 0x10000 else 0


@kernel
def _is_word(table, code):
    """Whether a character is a letter or a digit."""
    if code < 0x80:
        return 97 <= code <= 122 or 65 <= code <= 90 or 48 <= code <= 57 or code == 95
    entry = table[code]
    return entry & LETTER_BIT != 0 or (entry & UNSPACED_BIT != 0 and entry & MARK_BIT == 0)


@kernel
def match_beginning(text, start, end, table, letters, begin, endings):
    """The flags of the phrase that a line of a text begins with."""
    flags = 0
    position = start
    while position < end and not _is_word(table, text[position]):
        if text[position] == COPYRIGHT:
            flags = IS_FRAME
        position += 1
    state = 0
    if position < end and 48 <= text[position] <= 57:
        state = begin[0, letters[48]]
        while position < end and 48 <= text[position] <= 57:
            position += 1
    while position < end:
        state = begin[state, _letter(letters, text[position])]
        position += 1
        if not state:
            break
        if endings[state, ENDING.flags]:
            follower = endings[state, ENDING.follower]
            word = position < end and _is_word(table, text[position])
            if (
                follower == ANYTHING
                or (follower == NO_LETTER and not word)
                or (follower == A_LETTER and word)
                or (follower == NOTHING and position == end)
            ):
                flags |= endings[state, ENDING.flags]
    return flags


@kernel
def holds_phrase(text, start, end, letters, inside):
    """Whether a line of a text holds a phrase anywhere."""
    state, last = 0, len(inside) - 1
    for position in range(start, end):
        state = inside[state, _letter(letters, text[position])]
        if state == last:
            return True
    return False
