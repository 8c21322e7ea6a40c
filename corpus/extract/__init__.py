"""Extract: the bytes of an HTML page -> title, main text, date. The text depends on the page alone.

    bytes -> blocks, regions -> features_local, features_context -> trees -> choice -> text, markdown        (page)

elements, kernels: how the source is read, compiled; roles: what a block is to its page; unseen: articles that only a
script shows; alternatives: other extractors, and which of several texts is best; publication: the date.
"""
