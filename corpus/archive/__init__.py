"""Archive: the bytes of a crawl file -> records -> pages, or damaged ranges with their offsets.

layout (codecs, formats, arc)        how a file is compressed, and what its records look like
records (member_records, stream_records; members, decompression, lookahead; parsing)     bytes -> records
pages (headers, encodings)           a record -> one HTML page, decoded from its transfer
"""
