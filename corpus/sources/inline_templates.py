"""Inline templates: what the templates in a sentence of Wikipedia stand for, by their arguments; of others, nothing.

Sources: the documentation of each template on English, German, French and Chinese Wikipedia.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Positional = Sequence[str]
Named = Mapping[str, str]
# Of its positional and named arguments, as text, what a template shows.
Shown = Callable[[Positional, Named], str]


def _first(positional: Positional, named: Named) -> str:
    return positional[0] if positional else named.get("1", "")


def _second(positional: Positional, named: Named) -> str:
    return positional[1] if len(positional) > 1 else ""


def _last(positional: Positional, named: Named) -> str:
    return positional[-1] if positional else ""


def _third_or_second(positional: Positional, named: Named) -> str:
    return positional[2] if len(positional) > 2 else _second(positional, named)


def _all(positional: Positional, named: Named) -> str:
    return " ".join(part for part in positional if part)


def _quantity(positional: Positional, named: Named) -> str:
    """A number and its unit; of a range, "5 to 10 km"."""
    if len(positional) > 3 and positional[1] in ("to", "-", "–", "and", "x", "by", "or", "+/-"):
        return " ".join(positional[:4])
    return " ".join(positional[:2])


def _value(positional: Positional, named: Named) -> str:
    unit = named.get("u") or named.get("ul") or named.get("up") or ""
    return f"{_first(positional, named)} {unit}".strip()


def _fraction(positional: Positional, named: Named) -> str:
    if len(positional) > 2:
        return f"{positional[0]} {positional[1]}/{positional[2]}"
    return "/".join(positional) if len(positional) > 1 else f"1/{_first(positional, named)}"


def _nihongo(positional: Positional, named: Named) -> str:
    behind = ", ".join(part for part in positional[1:3] if part)
    return f"{_first(positional, named)} ({behind})" if behind else _first(positional, named)


def _chinese(positional: Positional, named: Named) -> str:
    return ", ".join([*positional[:1], *(named[key] for key in ("c", "s", "t", "p") if named.get(key))])


def _fixed(text: str) -> Shown:
    return lambda positional, named: text


def _before(text: str) -> Shown:
    return lambda positional, named: f"{text} {_all(positional, named)}".strip()


_BY_SHOWN: tuple[tuple[Shown, str], ...] = (
    (
        _first,
        "formatnum|nowrap|nobr|nowr|small|smaller|big|abbr|tooltip|mvar|math|var|strong|em|smallcaps|sc|sic",
    ),
    (
        _first,
        "transl|script|ill|interlanguage link|link-interwiki|link-en|link-de|link-fr|link-ja|internal link helper",
    ),
    (
        _first,
        "lien|quote|blockquote|quotation|citation|zitat|unicode|ipa|ipac|nobold|noitalic|flag|flagcountry|le|langue",
    ),
    (
        _first,
        "le|tq|tlx|keypress|kbd|key press|samp|code|nbsp text|sub|sup|radic|overline|underline|dts|dtsh",
    ),
    (_last, "lang|langx|lang-x|transliteration|bilang|okina text|zhp"),
    (_third_or_second, "tsl|translink"),
    (_second, "color|font color|hover title|wikt|sort|hs"),
    (_quantity, "convert|cvt|unité|unit|einheit|maß|maßstab|nb|nombre"),
    (_value, "val|gaps|num"),
    (_fraction, "frac|fraction|sfrac|bruch"),
    (_nihongo, "nihongo|nihongo foot|korean|lang-zh-text"),
    (_chinese, "zh|lang-zh|zh-full"),
    (_all, "date|date-|start date|end date|birth date|death date|date de naissance|siècle|jours"),
    (_before("c."), "circa|c.|ca.|um"),
    (_before("As of"), "as of"),
    (_before("US$"), "us$|usd"),
    (_before("€"), "euro|eur"),
    (_before("£"), "gbp|£"),
    (_fixed(" – "), "snd|spnd|spaced ndash|spaced en dash|–"),
    (_fixed("–"), "ndash|en dash|endash"),
    (_fixed("—"), "mdash|em dash|—|spaced mdash"),
    (_fixed("'"), "'|apostrophe|'s"),
    (_fixed("|"), "!"),
    (_fixed("="), "="),
    (_fixed(" "), "nbsp|space|spaces|pad|·"),
    (_fixed(" · "), "dot|middot|bullet|•"),
)
SHOWN: dict[str, Shown] = {name: shown for shown, names in _BY_SHOWN for name in names.split("|")} | {
    "'s": _fixed("'s")
}
# Of one argument, as what shows a word is; these are notes, marks and files.
NOTES = re.compile(
    r"(?:r|rp|ref|refn|efn|sfn\w*|sfnp|harv\w*|note|anm|anker|anchor|cn|fact|page|p|cite.*|citation needed|source.*|"
    r".*icon|flagicon.*|audio|coord.*|clear|toc.*|update.*|when|who|which|clarify|dead link|refnest|visible anchor|"
    r"main|see also|further|details|about|for|other uses|redirect.*|use .*|reflist|refs?|notelist|authority control|"
    r"commons.*|portal.*|infobox.*|navbox.*|sidebar.*|short description|defaultsort|displaytitle|.*stub)",
    re.IGNORECASE,
)
MAX_WORDS = 200  # characters of an argument that may be a word of the sentence
LANGUAGE = re.compile(r"(?:lang|ipa)-[a-z-]{2,12}")


def show_template(name: str, positional: Positional, named: Named, in_sentence: bool) -> str:
    """The text of a template by its name, in small letters: of one that is known, what it shows; of another in a
    sentence, its argument where it has just one."""
    function, colon, argument = name.partition(":")
    if colon and function in ("formatnum", "lc", "uc", "lcfirst", "ucfirst", "padleft"):
        return argument
    shown = SHOWN.get(name)
    if shown is not None:
        return shown(positional, named)
    if LANGUAGE.fullmatch(name):
        return _first(positional, named)
    if in_sentence and len(positional) == 1 and not named and not NOTES.fullmatch(name):
        return positional[0] if len(positional[0]) <= MAX_WORDS else ""
    return ""
