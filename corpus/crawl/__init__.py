"""Crawl: from a web site to WARC files.

pydoc_worker   one top-level package -> its HTML pages            (a child process)
render         packages -> pages, and what was skipped and why
site           pages -> an HTTP server on loopback
links          HTML -> canonical URLs
robots         robots.txt -> what may be fetched, and how fast
fetch          URL -> response, bounded in time and size
warc_writer    responses -> WARC/1.1, gzip per record
crawler        start URLs -> WARC files and a report              crawl_site(config, out, progress)
pydoc_crawl    all of it, on the documentation that every Python carries: the offline default
"""
