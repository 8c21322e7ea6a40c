"""Extract: the bytes of an HTML page -> title, main text, date. The text depends on the page alone.

    bytes -> charset -> regions -> parser -> blocks -> alone, among -> choice -> text
                        (marks)   (resiliparse)        (integers)      (fitted weights)

From the parser's text to the choice it is compiled: `lines` finds the blocks, `phrases` what stands around a text.
`others` runs the extractors that can be chosen instead; `published` finds the date.
"""

from corpus.extract.page import LIBRARIES, ExtractConfig, Extracted, extract_page, prepare

__all__ = ["LIBRARIES", "ExtractConfig", "Extracted", "extract_page", "prepare"]
