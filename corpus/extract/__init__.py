"""Extract: the bytes of an HTML page -> title, main text, date. The text depends on the page alone.

    bytes -> charset -> regions -> parser -> blocks -> measures -> choice -> text
                        (marks)   (resiliparse)        (integers)  (fitted weights)

`others` runs the extractors that can be chosen instead; `published` finds the date.
"""

from corpus.extract.page import LIBRARIES, ExtractConfig, Extracted, extract

__all__ = ["LIBRARIES", "ExtractConfig", "Extracted", "extract"]
