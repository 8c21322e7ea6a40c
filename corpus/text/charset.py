"""Charset: the bytes of a page -> its characters, whatever its header claims.

Order of belief: a byte order mark; the marks of UTF-16 and ISO-2022-JP; valid UTF-8 (other encodings almost never are,
by chance), a few broken bytes allowed; what the header says, what the page's meta element says, what the statistics
say. A declared single-byte charset decodes anything, so a Latin one yields to statistics that see another script, and
every one to those that see GBK, Big5, Shift_JIS, EUC-JP or EUC-KR.
"""

from __future__ import annotations

import codecs
import re

import numpy as np
import pyarrow as pa
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
ISO_2022_JP_ESCAPE = b"\x1b$"
META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
META_WITHIN = 4096
# Browsers read these by their supersets (https://encoding.spec.whatwg.org), whose extra characters pages use: ① 裏 똠
SUPERSETS = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949"}
MULTI_BYTE = {"utf-8", "gb18030", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949"}
NOT_LATIN = {
    *MULTI_BYTE,
    *("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp1253", "iso8859-7", "cp1255", "iso8859-8", "cp1256"),
}
HIGH_RUN = re.compile(rb"[\x80-\xff]{4,}")  # Latin text has letters beyond ASCII, but not four in a row
HANGUL = re.compile("[\uac00-\ud7a3]")
BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def decode_html(html: bytes, declared: str | None) -> tuple[str, str] | None:
    """(text, Python's name of the charset), or None when no candidate decodes the bytes."""
    for mark, name in BOMS:
        if html.startswith(mark):
            return _with(html[len(mark) :], name)
    for mark, name in UNMARKED:
        if html.startswith(mark):
            return _with(html, name)
    # One byte is searched for ten times faster than two.
    if b"\x1b" in html and ISO_2022_JP_ESCAPE in html and (japanese := _with(html, "iso2022_jp")) is not None:
        return japanese
    if (utf8 := _with(html, "utf-8") or _repaired(html)) is not None:
        return utf8
    found = META.search(html[:META_WITHIN])
    candidates = [_known(declared), _known(found.group(1).decode("ascii")) if found else None]
    detected = _detect(html)
    # Of 2,400 sentences in Cyrillic, Greek and Arabic charsets 3 were taken for one of several bytes, all Arabic.
    stronger = MULTI_BYTE if detected in MULTI_BYTE else NOT_LATIN
    if detected in NOT_LATIN and HIGH_RUN.search(html) and not any(name in stronger for name in candidates):
        candidates.insert(0, detected)
    for candidate in (*candidates, detected, "cp1252"):
        if candidate is not None and (result := _with(html, candidate)) is not None:
            return result
    return None


def convert_to_utf8(html: bytes, declared: str | None) -> tuple[bytes, str] | None:
    """As `decode_html`, but in UTF-8: most pages are that, and need only be checked."""
    marked = html.startswith(tuple(mark for mark, _ in BOMS + UNMARKED)) or b"\x1b" in html
    if not marked and _is_utf8(html):
        return html, "utf-8"
    decoded = decode_html(html, declared)
    return (decoded[0].encode(), decoded[1]) if decoded is not None else None


def _is_utf8(html: bytes) -> bool:
    """Arrow's check takes a fifth of the time of decoding."""
    buffers = [None, pa.py_buffer(np.array([0, len(html)], np.int64)), pa.py_buffer(html)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _repaired(html: bytes) -> tuple[str, str] | None:
    """UTF-8 with a few broken bytes (a cut character, a pasted Latin-1 line) is still UTF-8: under 0.1 % of U+FFFD,
    and fewer than half as many as there are whole characters beyond ASCII."""
    text = html.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    if broken > len(text) // 1000 or 3 * broken >= len(BEYOND_ASCII.findall(text)):
        return None
    return text, "utf-8"


def _detect(html: bytes) -> str | None:
    """The charset that the statistics see. Korean, which the detector does not know, shows in its syllables."""
    korean = _with(html, "cp949") if HIGH_RUN.search(html) else None
    if korean and 2 * len(HANGUL.findall(korean[0])) > len(BEYOND_ASCII.findall(korean[0])):
        return "cp949"
    return _known(detect_encoding(html, max_len=1 << 17))


def _with(html: bytes, name: str) -> tuple[str, str] | None:
    try:
        return html.decode(name), name
    except (UnicodeError, LookupError):
        return None


def _known(name: str | None) -> str | None:
    """Python's name of a charset by any of its names, its superset where browsers use one; None for no charset."""
    if not name:
        return None
    mapped = (map_encoding_to_html5(name.strip().lower(), fallback_utf8=False) or "").lower()
    return SUPERSETS.get(mapped, mapped) or None
