"""Archive: the bytes of a crawl file -> records -> pages, or quarantine.

    file -> codecs, members, inflated (decompression) -> warc, arc -> records -> pages (their HTTP answers, decoded)

What cannot be read is set aside with its offset, and reading goes on at the next record.
"""
