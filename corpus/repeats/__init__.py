"""Text that many documents share -> cuts.

lines    lines and paragraphs, by how many documents have them
spans    passages, by a suffix array (suffixes)
cuts     a text without what is cut out of it
"""
