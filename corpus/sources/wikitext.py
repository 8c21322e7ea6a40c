"""Wikitext: the prose of a page of MediaWiki's markup: no tables, notes, pictures or categories; links as their text,
inline templates as what they show, formulas as their TeX.

Source: mediawiki.org/wiki/Help:Formatting; apostrophes as MediaWiki's Parser::doQuotes reads them; variants as
mediawiki.org/wiki/Writing_systems/Syntax.
"""

from __future__ import annotations

import re

import mwparserfromhell
from mwparserfromhell.nodes import (
    Argument,
    Comment,
    ExternalLink,
    Heading,
    HTMLEntity,
    Node,
    Tag,
    Template,
    Text,
    Wikilink,
)
from mwparserfromhell.wikicode import Wikicode

from corpus.sources.inline_templates import show_template

ENGLISH = frozenset({"file", "image", "category", "media"})
GAP, KEPT = "\ue000", "\ue001"  # private characters: where something was left out, and for the blanks of code
INDENT = re.compile(r"^ +", re.MULTILINE)
UNREAD_TAGS = ("table", "ref", "references", "gallery", "templatestyles", "timeline", "imagemap", "score", "mapframe")
FORMULAS, VERBATIM = ("math", "chem", "ce"), ("code", "nowiki", "pre", "syntaxhighlight", "source", "samp", "kbd")
BLOCKS = ("p", "div", "blockquote", "center", "poem", "li", "dd", "dt", "h1", "h2", "h3", "h4")
# Brackets in which nothing is left, a gap with blanks on both sides, and the blanks after the mark of a list.
LEFTOVERS = re.compile(rf"[ \t]*\([\s,;:{GAP}]*{GAP}[\s,;:{GAP}]*\)|(?<=[ \t]){GAP}+[ \t]|{GAP}|^[ \t]+", re.MULTILINE)
SWITCHES = re.compile(r"__[A-Z]+__")
INTERWIKI = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,10}){0,2}|simple|tokipona")
VARIANT = re.compile(r"-\{([^{}]*)\}-")
PREFERRED = ("zh-hans", "zh-cn", "zh", "zh-sg", "zh-my", "zh-hant", "zh-tw", "zh-hk", "sr-ec", "sr-el")
HIDDEN_VARIANTS = frozenset("HT-")
QUOTES = re.compile("'{2,}")
BLANK_LINES = re.compile(r"\n{3,}")


def extract_prose(wikitext: str, unread: frozenset[str] = ENGLISH) -> str:
    """`unread`: prefixes of links to pictures and categories, in small letters. Raises ParserError or RecursionError
    for what the parser cannot read."""
    code = mwparserfromhell.parse(VARIANT.sub(_choose_variant, wikitext), skip_style_tags=True)
    shown = _show(code, unread)
    shown = "\n".join(_without_quotes(line) for line in shown.split("\n"))
    return BLANK_LINES.sub("\n\n", SWITCHES.sub("", LEFTOVERS.sub("", shown))).replace(KEPT, " ")


def _show(code: Wikicode | None, unread: frozenset[str]) -> str:
    if code is None:
        return ""
    parts: list[str] = []
    for node in code.nodes:
        line = "".join(parts[-3:]).rpartition("\n")[2]  # enough to know whether something stands before it
        parts.append(_show_node(node, unread, bool(line.replace(GAP, "").strip())))
    return "".join(parts)


def _show_node(node: Node, unread: frozenset[str], in_sentence: bool) -> str:
    match node:
        case Text():
            return str(node.value)
        case HTMLEntity():
            return str(node.normalize())
        case Comment():
            return ""
        case Heading():
            return _show(node.title, unread).strip()
        case Wikilink():
            return _show_link(node, unread)
        case ExternalLink():
            return _show(node.title, unread) if node.title is not None else GAP if node.brackets else str(node.url)
        case Argument():
            return _show(node.default, unread)
        case Template():
            return _show_template(node, unread, in_sentence)
        case Tag():
            return _show_tag(node, unread)
    return ""


def _show_link(link: Wikilink, unread: frozenset[str]) -> str:
    title = str(link.title).strip()
    prefix, colon, _ = title.partition(":")
    prefix = prefix.strip().lower()
    if colon and (prefix in unread or INTERWIKI.fullmatch(prefix)):
        return GAP
    return _show(link.text, unread) if link.text is not None else title.removeprefix(":")


def _show_template(template: Template, unread: frozenset[str], in_sentence: bool) -> str:
    name = " ".join(_show(template.name, unread).replace("_", " ").split())
    positional = [_show(one.value, unread).strip() for one in template.params if not one.showkey]
    named = {str(one.name).strip(): _show(one.value, unread).strip() for one in template.params if one.showkey}
    name = name if name.lower().startswith(("formatnum:", "lc:", "uc:")) else name[:1].lower() + name[1:]
    return show_template(name.replace(GAP, "").lower(), positional, named, in_sentence) or GAP


def _show_tag(tag: Tag, unread: frozenset[str]) -> str:
    name = str(tag.tag).strip().lower()
    if name in UNREAD_TAGS:
        return GAP
    if name == "br":
        return "\n"
    if name in FORMULAS:
        return f"${str(tag.contents).strip()}$"
    contents = _keep_blanks(str(tag.contents)) if name in VERBATIM else _show(tag.contents, unread)
    if name in ("pre", "syntaxhighlight", "source") or (name in BLOCKS and not tag.wiki_markup):
        return f"\n{contents}\n"
    return contents


def _keep_blanks(code: str) -> str:
    """Code whose lines are indented by private characters until the blanks of other lines are gone."""
    return INDENT.sub(lambda found: KEPT * len(found.group()), code.expandtabs(4))


def _choose_variant(found: re.Match[str]) -> str:
    """One variant of what is written for several scripts: `-{zh-hans:软件;zh-hant:軟體}-`; nothing of a hidden rule."""
    flags, bar, content = found.group(1).rpartition("|")
    if bar and set(flags.strip()) & HIDDEN_VARIANTS:
        return ""
    rules = dict(rule.split(":", 1) for rule in content.split(";") if ":" in rule)
    variants = {key.strip().lower(): value.strip() for key, value in rules.items()}
    if not variants or not all(INTERWIKI.fullmatch(key) for key in variants):
        return content
    return next((variants[key] for key in PREFERRED if key in variants), next(iter(variants.values())))


def _without_quotes(line: str) -> str:
    """A line without the marks of bold and italic text. Three apostrophes before which a word of one letter stands, and
    behind which italic text ends, are an apostrophe and a mark (l'''Iliade''); where both kinds are odd in number, so
    are those after a longer word, or else after a blank."""
    runs = [(found.start(), found.end()) for found in QUOTES.finditer(line)]
    if not runs:
        return line
    sizes = [_marks(end - start) for start, end in runs]
    ranks = [_rank(line[:start]) if size == 3 else 3 for (start, _), size in zip(runs, sizes, strict=True)]
    elided = {number for number, rank in enumerate(ranks) if rank == 0 and sizes[number + 1 : number + 2] == [2]}
    bold, italic = sum(size in (3, 5) for size in sizes), sum(size in (2, 5) for size in sizes)
    if not elided and bold % 2 and italic % 2 and min(ranks) < 3:
        elided = {ranks.index(min(ranks))}
    shown, position = [], 0
    for number, ((start, end), size) in enumerate(zip(runs, sizes, strict=True)):
        shown += [line[position:start], "'" * (end - start - size), "'" if number in elided else ""]
        position = end
    return "".join([*shown, line[position:]])


def _marks(length: int) -> int:
    """How many apostrophes of a run are marks: four are one and the mark of bold text, six and more have five."""
    return length if length < 4 else 3 if length == 4 else 5


def _rank(before: str) -> int:
    if before.endswith(" "):
        return 2
    return 0 if before[-2:-1] in ("", " ") and before else 1
