"""Sources: any crawl, one Document contract. A crawl is a file, a folder of files of any kinds, or a Common Crawl id.

listing      a path, URL or id -> the files of a crawl, digested, and what was skipped and why
commoncrawl  CC-MAIN-2026-05 -> its first files, downloaded
archives     zip (WACZ too) and tar: the files in one, each with a URL of its own (zipfiles, tarfiles, sections)
kinds        a file's name and first bytes -> its kind, and the reader of each kind
web          WARC, WET, ARC                  -> pages
html                                         -> pages
parquet, jsonl, delimited                    -> rows -> texts
plaintext, wikipedia                         -> texts
contract     what every reader takes and yields
"""

from corpus.sources.contract import Source, SourceRecord
from corpus.sources.listing import Crawl, SourceFile, crawl_id, open_crawl

__all__ = ["Crawl", "Source", "SourceFile", "SourceRecord", "crawl_id", "open_crawl"]
