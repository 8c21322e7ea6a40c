"""Raw libraries: the calls that any pipeline of this kind must make, one after another and nothing around them.

    python -m benchmarks.raw_libraries OUTPUT WARC...

Of every response: fastwarc reads it, HTTP headers included; resiliparse detects its charset, parses it and takes its
main text; pyarrow writes URL, language and text as Parquet with zstd. The language is that of
corpus.language.identify, since which libraries name it, and by how much of a text, is a choice of its own. Nothing is
checked, hashed, masked, measured by a rule or accounted for. Prints pages and CPU seconds by library as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree

from corpus.lake.store import ROWS
from corpus.language import identify as language


def main() -> None:
    output, *warcs = sys.argv[1:]
    language.identify_languages(["loads its models"])
    schema = pa.schema([("url", pa.string()), ("language", pa.string()), ("text", pa.large_string())])
    seconds: Counter[str] = Counter()
    pages, rows, last = 0, [], time.process_time()

    def lap(library: str) -> None:
        nonlocal last
        now = time.process_time()
        seconds[library] += now - last
        last = now

    with pq.ParquetWriter(Path(output), schema, compression="zstd") as writer:
        for warc in warcs:
            with open(warc, "rb") as file:
                for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                    html = record.reader.read()
                    pages += 1
                    lap("fastwarc")
                    tree = HTMLTree.parse_from_bytes(html, detect_encoding(html))
                    lap("resiliparse: parse")
                    text = extract_plain_text(tree, main_content=True)
                    lap("resiliparse: main text")
                    [(code, _)] = language.identify_languages([text])
                    lap("language")
                    rows.append({"url": record.headers.get("WARC-Target-URI"), "language": code, "text": text})
                    if len(rows) >= ROWS:
                        writer.write_table(pa.Table.from_pylist(rows, schema))
                        rows.clear()
                        lap("pyarrow")
        writer.write_table(pa.Table.from_pylist(rows, schema))
    lap("pyarrow")
    print(json.dumps({"pages": pages, "seconds": seconds}))


if __name__ == "__main__":
    main()
