"""Mutations: crawl files in every packing, and what may go wrong with them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lz4.frame
from backports import zstd
from hypothesis import strategies as st
from warc_bytes import HTML, http, member, record

Pack = Callable[[bytes], bytes]


def _zstd(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


def _lz4(data: bytes) -> bytes:
    return bytes(lz4.frame.compress(data, content_checksum=True))


def arc(block: bytes, number: int) -> bytes:
    """An ARC record."""
    line = f"http://river.example/{number} 10.0.0.1 20060102030405 text/html {len(block)}\n"
    return line.encode() + block + b"\n"


def stored(data: bytes) -> bytes:
    """What gzip makes of what is compressed already: the bytes lie in it as they are."""
    return gzip.compress(data, compresslevel=0, mtime=0)


# A file of one record a member, and how each record is packed. Without a checksum a damaged member may pass for whole,
# and with bytes of the next one in it.
CHECKED: dict[str, Pack] = {"gzip": member, "stored": stored, "zstd": _zstd, "lz4": _lz4}
PACKED: dict[str, Pack] = CHECKED | {"bare zstd": zstd.compress, "bare lz4": lz4.frame.compress}
WHOLE: dict[str, Pack] = {"whole gzip": member, "whole zstd": _zstd, "plain": bytes}

NESTED = b"".join(member(record(http(HTML), uri=f"http://forged.example/{number}")) for number in range(4))
BLOCKS = (
    http(),
    http(HTML * 3, "X-Robots-Tag: noai"),
    http(b"<p>" + bytes(range(256)) * 4),
    http(gzip.compress(HTML * 9), "Content-Encoding: gzip"),
    http(b"35\r\n" + HTML[:53] + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    http(NESTED, kind="application/warc"),
    http("<p>Wasser fließt, 水往低处流。</p>".encode(), kind="text/html; charset=gbk"),
    http(b"", status="404 Not Found"),
    b"",
)
LENGTHS = ("0", "-1", "1", "30", "100", "400", "9999", "1" + "0" * 18, "9" * 40, "1e3", "")


@dataclass(frozen=True, kw_only=True)
class File:
    """`parts` in their order: bytes, and whether that is a whole record that nobody has touched."""

    packing: str
    parts: tuple[tuple[bytes, bool], ...]

    @property
    def data(self) -> bytes:
        joined = b"".join(part for part, _ in self.parts)
        return WHOLE[self.packing](joined) if self.packing in WHOLE else joined

    @property
    def untouched(self) -> list[tuple[int, int]]:
        """(offset, length) of each, in a file of one record a member."""
        places, position = [], 0
        for part, is_whole in self.parts:
            if is_whole:
                places.append((position, len(part)))
            position += len(part)
        return places


def _records(draw: st.DrawFn) -> list[bytes]:
    numbers = draw(st.lists(st.integers(0, len(BLOCKS) - 1), min_size=1, max_size=6))
    return [record(BLOCKS[n], uri=f"http://river.example/{place}") for place, n in enumerate(numbers)]


def _mutate_record(draw: st.DrawFn, data: bytes) -> bytes:
    """A record whose header lies."""
    line, _, rest = data.partition(b"\r\nContent-Length: ")
    digits, _, behind = rest.partition(b"\r\n")
    match draw(st.sampled_from(["length", "header", "huge header", "second length", "no blank line", "kind"])):
        case "length":
            return b"%s\r\nContent-Length: %s\r\n%s" % (line, draw(st.sampled_from(LENGTHS)).encode(), behind)
        case "header":
            return data.replace(b"WARC-Date", draw(st.binary(max_size=12)), 1)
        case "huge header":
            return line + b"\r\nX-Pad: " + b"a" * draw(st.sampled_from([5_000, 70_000])) + data[len(line) :]
        case "second length":
            return b"%s\r\nContent-Length: 7\r\nContent-Length: %s\r\n%s" % (line, digits, behind)
        case "no blank line":
            return data.replace(b"\r\n\r\n", b"\r\n", 1)
        case _:
            return data.replace(b"response", draw(st.sampled_from([b"revisit", b"conversion", b"\xff\0"])), 1)


def mutate_bytes(draw: st.DrawFn, original: bytes, strange: Sequence[bytes]) -> bytes:
    """Bytes flipped, cut out, put in, doubled, or the end lost."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["flip", "cut", "insert", "zeros", "double", "truncate"])):
            case "flip" if data:
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[place : place + draw(st.integers(1, 60))]
            case "insert":
                data[place:place] = draw(st.sampled_from(strange))
            case "zeros":
                data[place : place + 30] = bytes(draw(st.integers(1, 300)))
            case "double":
                data[place:place] = data[max(0, place - 50) : place + 50]
            case "truncate":
                del data[place:]
    return bytes(data)


def damage_bytes(draw: st.DrawFn, original: bytes, times: int, put_in: st.SearchStrategy[bytes]) -> bytes:
    """Bytes changed, cut out, put in, or the end lost, so many times."""
    data = bytearray(original)
    for _ in range(times):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "delete", "insert", "truncate"])):
            case "change" if data:
                data[place] ^= draw(st.integers(1, 255))
            case "delete":
                del data[place : place + draw(st.integers(1, 40))]
            case "insert":
                data[place:place] = draw(put_in)
            case "truncate":
                del data[place:]
    return bytes(data)


ERROR_PAGE = b"<html><body>503 Slow Down</body></html>"


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file of any packing; up to three of its parts are damaged, moved, doubled, or strangers to it."""
    packing = draw(st.sampled_from([*PACKED, *WHOLE, "arc"]))
    if packing == "arc":
        plain = [arc(BLOCKS[n], n) for n in draw(st.lists(st.integers(0, len(BLOCKS) - 1), min_size=1, max_size=6))]
        pack = draw(st.sampled_from([bytes, member]))
    else:
        plain, pack = _records(draw), PACKED.get(packing, bytes)
    parts = [(pack(data), True) for data in plain]
    strange = (b"WARC/1.0\r\n", b"\r\n\r\n", ERROR_PAGE, bytes(100), NESTED[:40], parts[0][0], parts[0][0][:30])
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(parts) - 1))
        match draw(st.sampled_from(["bytes", "record", "stranger", "swap", "double", "drop"])):
            case "bytes":
                parts[place] = mutate_bytes(draw, parts[place][0], strange), False
            case "record" if packing != "arc":
                parts[place] = pack(_mutate_record(draw, plain[place % len(plain)])), False
            case "stranger":
                parts.insert(place, (draw(st.sampled_from(strange)), False))
            case "swap":
                parts[0], parts[place] = parts[place], parts[0]
            case "double":
                parts.insert(place, parts[place])
            case "drop" if len(parts) > 1:
                del parts[place]
    return File(packing=packing, parts=tuple(parts))
