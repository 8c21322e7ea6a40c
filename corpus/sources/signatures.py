"""Signatures: the first bytes of files that hold no text, whatever they are named -> what they are, and what to do."""

from __future__ import annotations

import codecs

UNPACK = "unpack it, and give what is in it"
# First bytes (offset, bytes) -> what begins so, and what to do where something helps.
SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"PAR1", "Parquet within another compression", "decompress it: Parquet is compressed within"),
    (0, b"ARROW1", "an Arrow file", "write it as Parquet (pyarrow.parquet.write_table)"),
    (0, b"FEA1", "a Feather file", "write it as Parquet (pyarrow.parquet.write_table)"),
    (0, b"ORC", "an ORC file", "write it as Parquet"),
    (0, b"Obj\x01", "an Avro file", "write it as Parquet or JSON lines"),
    (0, b"SQLite format 3\0", "an SQLite database", "write its table as CSV or JSON lines"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write its texts as Parquet or JSON lines"),
    (0, b"\x93NUMPY", "a NumPy array", ""),
    (0, b"%PDF-", "a PDF", "make text or HTML of it first"),
    (0, b"PK\x03\x04", "a zip file", UNPACK),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document", "save it as text or HTML"),
    (0, b"{\\rtf", "an RTF document", "save it as text or HTML"),
    (0, b"\xfd7zXZ\0", "compressed by xz", "decompress it, or compress it by gzip or zstd"),
    (0, b"7z\xbc\xaf", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (0, b"\x89PNG", "a PNG picture", ""),
    (0, b"GIF8", "a GIF picture", ""),
    (0, b"\xff\xd8\xff", "a JPEG picture", ""),
    (0, b"RIFF", "a RIFF file (sound, film or WebP picture)", ""),
    (4, b"ftyp", "a film or sound (MP4)", ""),
    (0, b"OggS", "sound (Ogg)", ""),
    (0, b"ID3", "sound (MP3)", ""),
    (0, b"wOF", "a font", ""),
    (0, b"\x7fELF", "a program", ""),
    (0, b"MZ\x90\0", "a program", ""),
)
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MARKUP_STARTS = (b"<\0", b"\0<")  # of UTF-16 without a mark


def describe_binary(head: bytes) -> str | None:
    """What a file is that begins so, where that is no text, and what to do about it."""
    for offset, magic, what, advice in SIGNATURES:
        if head.startswith(magic, offset):
            return f"it is {what}, not text" + (f": {advice}" if advice else "")
    if b"\0" in head and not head.startswith((*WIDE_MARKS, *MARKUP_STARTS)):
        return f"it begins with {head[:40]!r} and holds zero bytes, so it is not text"
    return None
