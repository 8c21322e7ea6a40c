"""Measures: what is measured of every text, by name. `measurement` computes them, `rules` bounds
them. Shares are of 1; lines are those with something in them; white space counts in `characters` alone."""

QUALITY = {
    "words": "words; in scripts without spaces, characters",
    "characters": "characters of the whole text",
    "mean_word_length": "characters a word",
    "alphabetic_words": "share of words with a letter in them",
    "stop_words": "different function words of the text's language; none (null) where they are not known",
    "unspaced": "share of the words' characters that are of scripts without spaces",
    "symbols_per_word": "the more frequent of # (a run of them counts once) and ellipses, for each word",
    "bullet_lines": "share of lines that begin with a bullet",
    "ellipsis_lines": "share of lines that end with an ellipsis",
    "c4_lines": "share of lines that C4 keeps: five words, a mark at the end, no JavaScript, no policy",
    "c4_sentences": "sentences in those lines",
    "lorem_ipsum": "how often these two words stand side by side",
    "braces_per_word": "{ and }, for each word",
    "punctuated_lines": "share of lines that end with a mark that closes a sentence, or a quotation or bracket",
    "short_lines": "share of lines under 30 columns; a Chinese character takes two",
    "lines_per_word": "lines for each word",
    "replacement_characters": "share of characters that are U+FFFD",
}
REPETITION = {
    "duplicate_lines": "share of lines that stood before",
    "duplicate_line_characters": "share of the lines' characters that are in such lines",
    "duplicate_paragraphs": "share of paragraphs that stood before",
    "duplicate_paragraph_characters": "share of characters that are in such paragraphs",
    **{f"top_{n}gram": f"share of the words' characters in the most frequent run of {n} words" for n in (2, 3, 4)},
    **{f"duplicate_{n}grams": f"share in runs of {n} words that stood before" for n in (5, 6, 7, 8, 9, 10)},
}
MEANINGS = {**QUALITY, **REPETITION, "mojibake": "share of characters that were read in the wrong charset"}
NAMES = tuple(MEANINGS)
NULLABLE = ("stop_words",)
