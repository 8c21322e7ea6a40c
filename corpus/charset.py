"""Charset: the bytes of a page -> its characters, whatever its header claims.

Order of belief: a byte order mark; valid UTF-8 with characters beyond ASCII (other encodings almost never are, by
chance); what the header says, what the page's meta element says, what the statistics say. A declared single-byte
charset decodes anything, so it yields to statistics that see a multi-byte one (GBK, Big5, Shift_JIS, EUC-KR).
"""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
META_WITHIN = 4096
MULTI_BYTE = {"gbk", "gb18030", "big5", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "utf-8"}


def decode(html: bytes, declared: str | None) -> tuple[str, str] | None:
    """(text, charset), or None when no candidate decodes the bytes."""
    for mark, name in BOMS:
        if html.startswith(mark):
            return _with(html[len(mark) :], name)
    if (utf8 := _with(html, "utf-8")) is not None:
        return utf8
    found = META.search(html[:META_WITHIN])
    candidates = [_known(declared), _known(found.group(1).decode("ascii")) if found else None]
    detected = _known(detect_encoding(html, max_len=1 << 17))
    if detected in MULTI_BYTE and not any(name in MULTI_BYTE for name in candidates):
        candidates.insert(0, detected)
    for name in (*candidates, detected, "windows-1252"):
        if name is not None and (result := _with(html, name)) is not None:
            return result
    return _repaired(html)


def _repaired(html: bytes) -> tuple[str, str] | None:
    """UTF-8 with a few broken bytes (a cut character, a pasted Latin-1 line) is still UTF-8: under 0.1 % of U+FFFD."""
    text = html.decode("utf-8", errors="replace")
    return (text, "utf-8") if text.count("\ufffd") <= len(text) // 1000 else None


def _with(html: bytes, name: str) -> tuple[str, str] | None:
    try:
        return html.decode(name), name
    except (UnicodeError, LookupError):
        return None


def _known(name: str | None) -> str | None:
    """The WHATWG name (https://encoding.spec.whatwg.org), gb18030 for its subsets, or None if there is no such thing."""
    if not name:
        return None
    mapped = map_encoding_to_html5(name.strip().lower(), fallback_utf8=False)
    if not mapped:
        return None
    return "gb18030" if mapped.lower() in ("gbk", "gb2312") else mapped.lower()
