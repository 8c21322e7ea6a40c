"""Extract: the bytes of an HTML page -> title, main text, date. The text depends on the page alone.

    bytes -> regions (marks) -> parser -> blocks -> features_local, features_context -> choice -> text       (page)

alternatives: other extractors, and which of several texts is best; publication: the date. Kernels are compiled.
"""
