"""Fit rules: the numbers in corpus/language/languages and corpus/quality/rules that are measured on real texts.

`python -m benchmarks.fit_rules [FOLDER]`: FOLDER holds the texts of ../shared/data, not part of the repository. Prints,
for each language of Tatoeba, words for each English word and the length of a word over that of an English one;
then, for each bound of Gopher's, the share of English reference texts that it keeps and where Chinese and Japanese ones
have that quantile, and the 99th percentile of both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.rules import FOLDER, texts
from corpus.language.identify import identify_languages
from corpus.quality.measurement import measure_texts
from corpus.quality.rules import GOPHER_REPETITION
from corpus.text.words import find_words


def languages(folder: Path) -> None:
    print("language  sentences  words  letters")
    for path in sorted(folder.glob("tatoeba.*-eng.*")):
        code = path.suffix[1:]
        if code == "eng":
            continue
        here, english = (
            find_words(pa.array(side.read_text(encoding="utf-8").splitlines(), pa.large_string()))
            for side in (path, path.with_suffix(".eng"))
        )
        words = len(here.hashes) / len(english.hashes)
        letters = here.lengths.mean() / english.lengths.mean()
        print(f"{code:8}  {len(here.line_hashes):9}  {words:5.2f}  {letters:7.2f}")


def quantiles(folder: Path) -> None:
    found = [text for source, text in texts(folder) if not source.startswith("poems")]
    codes = [code for code, _ in identify_languages(found)]
    measures = measure_texts(pa.array(found, pa.large_string()), codes)
    english, unspaced = np.isin(codes, ["en"]), np.isin(codes, ["zh", "ja"])
    print(f"\n{english.sum()} English texts, {unspaced.sum()} Chinese and Japanese ones")
    print("measure                         bound   English kept   zh, ja there   99 %: English   zh, ja")
    for rule in GOPHER_REPETITION:
        values = measures[rule.measure].to_numpy()
        kept = float(np.mean(values[english] <= rule.maximum))
        there, most = np.quantile(values[unspaced], [kept, 0.99])
        ninety_nine = np.quantile(values[english], 0.99)
        print(f"{rule.measure:30} {rule.maximum:6} {kept:14.3f} {there:14.3f} {ninety_nine:15.3f} {most:8.3f}")


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    if not folder.is_dir():
        sys.exit(f"this reads texts that are not part of the repository, and {folder} is not there")
    languages(folder / "langid" / "LASER-tatoeba" / "v1")
    quantiles(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
