"""Charset: the bytes of a page -> its characters, whatever its header claims.

Order of belief: a byte order mark; the marks of UTF-16 and ISO-2022-JP; valid UTF-8 (other encodings almost never are,
by chance); what the header says, what the page's meta element says, what the statistics say; each with a few odd bytes
allowed, which become U+FFFD as in a browser. A declared single-byte charset decodes anything, so a Latin one yields to
statistics that see another script, and every one to those that see GBK, Big5, Shift_JIS, EUC-JP or EUC-KR.
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
# Which browsers do not know, or read as no text at all (hz), and pages use.
OTHER_LABELS = {
    **dict.fromkeys(("utf8mb4", "utf_8", "utf-8-sig", "utf-8n", "unicode"), "utf-8"),
    **dict.fromkeys(("cp936", "ms936", "windows-936"), "gbk"),
    "cp950": "big5",
    "cp932": "shift_jis",
    "cp949": "euc_kr",
    "hz-gb-2312": "hz",
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac_cyrillic"),
}
MULTI_BYTE = {"utf-8", "gb18030", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949"}
NOT_LATIN = {
    *MULTI_BYTE,
    *("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp1253", "iso8859-7", "cp1255", "iso8859-8", "cp1256"),
}
HIGH_RUN = re.compile(rb"[\x80-\xff]{4,}")  # Latin text has letters beyond ASCII, but not four in a row
HIGH_BYTES, MANY = re.compile(rb"[\x80-\xff]+"), 8
HANGUL = re.compile("[\uac00-\ud7a3]")
BEYOND_ASCII = re.compile("[^\x00-\x7f]")
REPLACEMENT, UNDEFINED = "\ufffd", re.compile("[\x80-\x9f]")
MAX_ODD = 0.02  # of the characters beyond ASCII
# Browsers read what these leave undefined as control characters (https://encoding.spec.whatwg.org, the index of each).
CONTROLS = "headwater-controls"
WITH_CONTROLS = ("cp1250", "cp1251", "cp1252", "cp1254", "cp1258")


def decode_html(html: bytes, declared: str | None) -> tuple[str, str] | None:
    """(text, Python's name of the charset), or None when no candidate decodes the bytes. `declared`: the header's."""
    for mark, name in BOMS:
        if html.startswith(mark):
            return _with(html[len(mark) :], name)
    for mark, name in UNMARKED:
        if html.startswith(mark):
            return _with(html, name)
    # One byte is searched for ten times faster than two.
    if b"\x1b" in html and ISO_2022_JP_ESCAPE in html and (japanese := _with(html, "iso2022_jp")) is not None:
        return japanese
    found = META.search(html[:META_WITHIN])
    names = [_known(declared), _known(found.group(1).decode("ascii")) if found else None]
    if "hz" in names and b"~{" in html and (chinese := _with(html, "hz")) is not None:
        return chinese
    if (utf8 := _as_utf8(html, "utf-8" in names)) is not None:
        return utf8
    # What is in two bytes a character has zeros; elsewhere the label is a mistake, which browsers know too.
    candidates = [name for name in names if name is not None and (b"\0" in html or not name.startswith("utf-16"))]
    if not HIGH_RUN.search(html) and len(HIGH_BYTES.findall(html)) > MANY:  # letters of Latin, one at a time
        candidates = [name for name in candidates if name not in MULTI_BYTE]
    detected = _detect(html)
    # Of 2,400 sentences in Cyrillic, Greek and Arabic charsets 3 were taken for one of several bytes, all Arabic.
    stronger = MULTI_BYTE if detected in MULTI_BYTE else NOT_LATIN
    if (
        detected is not None
        and detected in NOT_LATIN
        and HIGH_RUN.search(html)
        and not any(name in stronger for name in candidates)
    ):
        candidates.insert(0, detected)
    for candidate in (*candidates, *([detected] if detected else []), "cp1252"):
        if (result := _with(html, candidate)) is not None:
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


def _as_utf8(html: bytes, declared: bool) -> tuple[str, str] | None:
    """UTF-8 with a few broken bytes (a cut character, a pasted Latin-1 line) is still UTF-8: where it is declared, no
    more of them than whole characters beyond ASCII; where it is not, under 0.1 % of the characters, and fewer than half
    as many as there are whole ones. A page that ends within a character has no other broken byte."""
    try:
        return html.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and error.start >= len(html) - 3
    text = html.decode("utf-8", errors="replace")
    broken, beyond = text.count(REPLACEMENT), len(BEYOND_ASCII.findall(text))
    few = broken <= len(text) // 1000 and 3 * broken < beyond
    return (text, "utf-8") if few or (cut and broken == 1) or (declared and 2 * broken <= beyond) else None


def _detect(html: bytes) -> str | None:
    """The charset that the statistics see. Korean, which the detector does not know, shows in its syllables."""
    korean = _with(html, "cp949") if HIGH_RUN.search(html) else None
    if korean and 2 * len(HANGUL.findall(korean[0])) > len(BEYOND_ASCII.findall(korean[0])):
        return "cp949"
    return _known(detect_encoding(html, max_len=1 << 17))


def _with(html: bytes, name: str) -> tuple[str, str] | None:
    """The text by a charset, where no more than a small share of what is beyond ASCII is none of its characters."""
    try:
        return html.decode(name), name
    except LookupError:
        return None
    except UnicodeError:
        text = html.decode(name, CONTROLS if name in WITH_CONTROLS else "replace")
    odd = text.count(REPLACEMENT) + len(UNDEFINED.findall(text))
    some = text.strip(REPLACEMENT) != ""
    return (text, name) if some and odd <= max(1, MAX_ODD * len(BEYOND_ASCII.findall(text))) else None


def _control(error: UnicodeError) -> tuple[str, int]:
    """Bytes that a charset has no character for, as the control characters of the same numbers."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(CONTROLS, _control)


def _known(name: str | None) -> str | None:
    """Python's name of a charset by any of its names, its superset where browsers use one; None for no charset."""
    label = (name or "").strip("\t\n\f\r \"';,").lower()
    if not label:
        return None
    mapped = (map_encoding_to_html5(label, fallback_utf8=False) or OTHER_LABELS.get(label, "")).lower()
    return SUPERSETS.get(mapped, mapped) or None
