"""Byte letters: how a byte-level vocabulary writes bytes, a letter each: itself where it is printed, else the next free
one from U+0100. Source: encoder.py of GPT-2 (Radford et al. 2019)."""

from __future__ import annotations


def letter_of_bytes() -> dict[int, str]:
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [value for value in range(256) if value not in printed]
    return {value: chr(value) for value in printed} | {value: chr(256 + n) for n, value in enumerate(hidden)}


def byte_of_letters() -> dict[str, int]:
    return {letter: value for value, letter in letter_of_bytes().items()}
