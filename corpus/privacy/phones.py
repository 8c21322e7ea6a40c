"""Phones: where in a text telephone numbers stand, in international form and in the national forms of many countries.

A run of digits is a number by its form (a country's code, an area in brackets, a trunk zero, groups as in North America
or of a Chinese mobile), or by the words beside it ("call me at", "Fax:", "电话"). A run with neither is left alone:
most runs of digits are quantities, dates and identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from phonenumbers import NumberParseException, is_possible_number, parse

from corpus.privacy.addresses import DASHES, WORD

GAP = f"[ \u00a0\u202f./(){DASHES}]"
# A whole run, however long, so that no part of a longer one is taken for a number. Nothing that could fail stands
# after it: a pattern that did would try again from every digit.
RUN = re.compile(
    rf"[0-9](?:{GAP}{{0,3}}+[0-9]){{5,}}(?:[ ,]{{0,2}}(?:x|ext\.?|extension) ?[0-9]{{1,6}}+)?", re.IGNORECASE
)
LEAD = re.compile(r"[+＋]?\(?\+?\Z")
# Part of a word, a decimal, a path, a price, a dump of bytes.
HEX = "(?:[A-F][0-9A-F]|[0-9][A-F])"
NOT_BEFORE = re.compile(rf"(?:[{WORD}=&#.$€£¥₹+]|[0-9][,:/{DASHES}]|[{WORD}]/|\b{HEX} )\Z")
NOT_AFTER = re.compile(rf"[{WORD}%°€£$]|[.,:][0-9]| {HEX}\b")
EXTENSION = re.compile(r"[ ,]*(?:x|ext\.?|extension) ?[0-9]+$", re.IGNORECASE)
DATE = re.compile(
    rf"(?:(?:1[5-9]|20)[0-9]{{2}}[./{DASHES}][0-9]{{1,2}}[./{DASHES}][0-9]{{1,2}}|[0-9]{{1,2}}[./{DASHES}][0-9]{{1,2}}"
    rf"[./{DASHES}](?:1[5-9]|20)[0-9]{{2}}|(?:1[5-9]|20)[0-9]{{2}} ?[{DASHES}/] ?(?:1[5-9]|20)?[0-9]{{2}}(?![0-9]))"
)
# Inside a longer run only what nothing but a telephone number looks like.
STRICT = re.compile(
    rf"(?<![{WORD}+])(?:\([2-9][0-9]{{2}}\) ?[0-9]{{3}}[ .{DASHES}][0-9]{{4}}"
    rf"|[2-9][0-9]{{2}}([.{DASHES}])[0-9]{{3}}\1[0-9]{{4}})(?![{WORD}])"
)
BY_FORM = tuple(
    re.compile(form)
    for form in (
        # North America: 3-3-4 digits (also as Faker writes them, with areas that are not in use).
        rf"(?:1[ .{DASHES}])?(?:\([0-9]{{3}}\) ?|[0-9]{{3}}[ .{DASHES}/])[0-9]{{3}}[ .{DASHES}][0-9]{{4}}",
        # An area in brackets, which is no year.
        rf"\((?!(?:19|20)[0-9]{{2}}\))[0-9]{{2,5}}\) ?[0-9]{{2,5}}(?:[ .{DASHES}]?[0-9]{{2,4}}){{1,3}}",
        # A trunk zero and 9 to 12 digits in groups: no quantity begins with zero.
        rf"(?=(?:[^0-9]*[0-9]){{9,12}}[^0-9]*$)\(?0[0-9]{{1,4}}\)?(?: ?[ .{DASHES}/] ?[0-9]{{2,8}}){{1,4}}",
        # China: mobiles 1xx xxxx xxxx; service numbers 400 and 800.
        rf"1[3-9][0-9][ {DASHES}][0-9]{{4}}[ {DASHES}][0-9]{{4}}",
    )
)
MOBILE_CN = re.compile(r"1[3-9][0-9]{9}")
HAN = re.compile("[\u4e00-\u9fff]")

WORDS = (
    "phones?|telephones?|tel|tlf|tfn|call(?:ing|ed)?|dial|ring|mobile|mob|cell(?:ular|phone)?|fax|telefax|hotline|"
    "helpline|landline|whatsapp|viber|wechat|sms|pager|answer(?:ing)?|"
    "téléphone|télécopie|telefon|telefono|teléfono|telefone|móvil|celular|cellulare|handy|mobil|mobiel|"
    "rufnummer|durchwahl|telefoon|puhelin|тел|телефон|факс|моб|τηλ|تلفون|هاتف|โทร"
)
LABELS = "office|desk|direct|home|work|contact|portable|fixe"  # words of every day: only as "Office: ..."
FILLERS = (
    "me|us|him|her|them|you|at|on|is|was|are|no|nr|numbers?|my|our|now|today|or|and|under|via|office|line|work|home"
)
SAID_BEFORE = re.compile(
    rf"(?:\b(?:{WORDS})\b|[☎☏📞📱✆]|电话|電話|手机|手機|传真|傳真|热线|熱線|致电|携帯|携帯電話|전화|휴대폰|팩스)"
    rf"[^\w+(<>]{{0,6}}(?:(?:{FILLERS})\b[^\w+(<>]{{0,4}}){{0,4}}[(]?\Z"
    rf"|\b(?:{LABELS})[:.]\s*\Z",
    re.IGNORECASE,
)
SAID_AFTER = re.compile(
    rf"[ ,;({DASHES}]{{0,3}}(?:office|fax|mobile|cell|home|work|desk|phone|tel)\b[ \t]*(?:$|[\n,;.)|/\\])",
    re.IGNORECASE,
)
LIST = re.compile(r"[ \t]*(?:[/,;&|]|or|and|und|oder|ou|et|y|o|或|、)[ \t]*", re.IGNORECASE)
WINDOW = 48
MASKED_END = re.compile("[<>\x00]")


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    floor = 0  # where the last number found ends: nothing before it counts as context, as a placeholder does not
    for match in RUN.finditer(text):
        start, stop = match.span()
        start -= len(_lead(text, start, floor))
        if _is_phone_there(text, start, stop, floor, len(text)):
            yield start, stop
            floor = stop
            continue
        parts = [(start + part.start(), start + part.end()) for part in STRICT.finditer(text[start:stop])]
        for part_start, part_stop in [*parts, (stop, stop)] if parts else []:
            left = RUN.search(text, max(start, floor), part_start)
            if left is not None and _is_phone_there(text, *left.span(), floor, part_start):
                yield left.span()
                floor = left.end()
            if part_stop > part_start:
                yield part_start, part_stop
                floor = part_stop


def _lead(text: str, start: int, floor: int) -> str:
    """The plus and the bracket before a run's first digit; not a bracket that is closed elsewhere."""
    found = LEAD.search(text, max(floor, start - 3), start)
    lead = found.group() if found else ""
    return lead if ")" in text[start : start + 8] else lead.rstrip("(")


def _is_phone_there(text: str, start: int, stop: int, floor: int, ceiling: int) -> bool:
    before = MASKED_END.split(text[max(floor, start - WINDOW) : start])[-1]
    after = text[stop : min(ceiling, stop + WINDOW)]
    if NOT_BEFORE.search(before) or NOT_AFTER.match(after) or (before[-1:] == after[:1] == "-"):  # a-2016-05-06-slug
        return False
    listed = floor > 0 and LIST.fullmatch(text[floor:start]) is not None
    said = listed or SAID_BEFORE.search(before) is not None or SAID_AFTER.match(after) is not None
    return is_phone(text[start:stop], said=said, chinese=HAN.search(before[-8:] + after[:8]) is not None)


def is_phone(run: str, *, said: bool, chinese: bool) -> bool:
    """`said`: words beside it call it a telephone number; `chinese`: it stands in Chinese text."""
    number = EXTENSION.sub("", run)
    digits = "".join(sign for sign in number if sign.isdigit())
    if number.lstrip("(").startswith(("+", "＋")) or (digits.startswith("00") and len(digits) >= 10):
        return _international(number, digits)
    if not 6 <= len(digits) <= 15 or DATE.match(number):
        return False
    if any(form.fullmatch(number) for form in BY_FORM):
        return True
    if MOBILE_CN.fullmatch(number):
        return chinese or said
    return said and (len(digits) >= 7 or number != digits)


def _international(number: str, digits: str) -> bool:
    """E.164 by the country's own lengths; most countries dial 00 for "+". A trunk zero in brackets is not dialled."""
    plain = digits[2:] if digits.startswith("00") else digits
    plain = plain.replace("0", "", 1) if "(0)" in number else plain
    try:
        return is_possible_number(parse(f"+{plain}"))
    except NumberParseException:
        return False
