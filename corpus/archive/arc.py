"""ARC: the Internet Archive's format before WARC (1996 to 2008), made into WARC records.

A record is one line, `URL IP-address Archive-date Content-type Archive-length` (version 2 has five more fields before
the length), and as many bytes of block: for http what the server sent, head and all. The first record of a file,
`filedesc://`, tells of the file. Source: the Internet Archive's "ARC File Format", 1996, versions 1 and 2.
"""

from __future__ import annotations

import re

MAX_LINE = 1 << 13  # servers refuse longer URLs
SCHEME = rb"[A-Za-z][A-Za-z0-9+.-]{1,20}:"
START = re.compile(SCHEME + rb"[^\s\x00]")
# URLs may contain spaces, so the date marks where the line's fields are.
LINE = re.compile(rb"(" + SCHEME + rb"[^\n]*?) (\S{1,64}) (\d{8,20}) ([^\n]*)\r?\n")
# A line's end before such a line. That it ends in a digit is looked at first: otherwise a line of many dates takes the
# square of its length.
NEXT_START = re.compile(
    rb"\n()(?=" + SCHEME + rb"[^\n]{1,8000}\d\r?\n)(?=" + SCHEME + rb"[^\n]*? \S{1,64} \d{8,20} [^\n]*\n)"
)


def record_length(head: bytes) -> int | None:
    """Bytes of the whole record by its header, None if that is unusable."""
    line = LINE.match(head[:MAX_LINE])
    digits = line.group(4).split(b" ")[-1] if line is not None else b""
    return line.end() + int(digits) if line is not None and digits.isdigit() and len(digits) < 19 else None


def to_warc(data: bytes) -> bytes:
    """The same record as WARC/1.0: a response, or for `filedesc://` the file's own warcinfo."""
    line = LINE.match(data[:MAX_LINE])
    assert line is not None, "measured before"
    url, ip, date, _ = line.groups()
    block = data[line.end() : record_length(data)]
    kind = b"warcinfo" if url.startswith(b"filedesc:") else b"response"
    fields = [
        b"WARC/1.0",
        b"WARC-Type: " + kind,
        b"WARC-Target-URI: " + url,
        b"WARC-IP-Address: " + ip,
        b"WARC-Date: " + _date(date),
        b"Content-Type: " + (b"application/http; msgtype=response" if kind == b"response" else b"text/plain"),
        b"Content-Length: %d" % len(block),
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + block + b"\r\n\r\n"


def _date(digits: bytes) -> bytes:
    """20140216050221 or 20140216 -> 2014-02-16T05:02:21Z"""
    full = digits[:14].ljust(14, b"0").decode()
    return f"{full[:4]}-{full[4:6]}-{full[6:8]}T{full[8:10]}:{full[10:12]}:{full[12:14]}Z".encode()
