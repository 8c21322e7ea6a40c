"""Kernels: the compiled passes of the extraction. Bytes and code points in, arrays of integers out.

markup -> names, tags -> cuts (regions of a page)        lines, phrases -> rows of blocks
"""
