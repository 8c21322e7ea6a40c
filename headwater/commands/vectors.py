"""Vectors: learns word vectors of a recipe's training documents, or of any texts."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from headwater.options import add_choice, add_lake, add_recipe, positive_int
from headwater.terminal import json_line, printable

DESCRIPTION = (
    "Learn a vector for each word of the documents that a recipe trains on, or of any texts, by word2vec or GloVe. "
    "Writes the folder DIR, with vectors.txt in word2vec's text format; changes nothing in the lake."
)
SETTINGS = (
    "method",
    "size",
    "window",
    "min_count",
    "seed",
    "normal_form",
    "numbers",
    "stop_words",
    "chinese",
    "parts_of_speech",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXTS",
        help="texts to learn from in place of the lake's: a file or folder, or any URL, of a kind that --crawl takes",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="new folder for the vectors")
    add_choice(parser, "--method", ("skip_gram", "cbow", "glove"), "how they are learnt")
    for option, default, text in (
        ("--size", 100, "numbers of a vector"),
        ("--window", 5, "words on either side that a word is learnt from"),
        ("--min-count", 5, "least occurrences of a word that gets a vector"),
    ):
        parser.add_argument(
            option, type=positive_int, default=default, metavar="N", help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--epochs",
        type=positive_int,
        default=None,
        metavar="N",
        help="passes over the texts, of glove over their counts (default: 5, of glove 25)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random draws (default: 0)")
    words = parser.add_argument_group("words")
    words.add_argument("--keep-case", action="store_true", help="do not lower-case")
    words.add_argument(
        "--parts-of-speech", action="store_true", help="tell can_NOUN from can_AUX, in English, German and Chinese"
    )
    for option, choices, text in (
        ("--normal-form", ("NFKC", "NFC"), "Unicode normal form; NFKC makes full-width letters and ligatures plain"),
        ("--numbers", ("keep", "zero", "drop"), "zero: make every digit a 0; drop: leave out words of digits alone"),
        ("--stop-words", ("keep", "drop"), "whether to leave out function words of the document's language"),
        ("--chinese", ("words", "characters"), "what Chinese is cut into"),
    ):
        words.add_argument(option, choices=choices, default=choices[0], help=f"{text} (default: {choices[0]})")
    parser.add_argument(
        "--language",
        action="append",
        default=[],
        metavar="CODE",
        help="learn from the documents in this language, such as en; repeatable (default: all)",
    )
    parser.add_argument("--text", metavar="COLUMN", help="column of TEXTS, a nested one as meta.text (default: text)")
    parser.add_argument("--similarity", metavar="FILE", help="then rank its pairs of words, lines of: word word number")
    parser.add_argument("--analogies", metavar="FILE", help="then ask its questions, lines of: man woman king queen")
    add_lake(parser)
    add_recipe(parser)


def run(args: argparse.Namespace) -> int:
    from headwater.model_actions import score_vectors, train_vectors
    from headwater.word_vectors import lines

    for path in filter(None, (args.similarity, args.analogies)):
        open(path, "rb").close()  # learning takes long: what is not there is said before
    settings: dict[str, Any] = {name: getattr(args, name) for name in SETTINGS}
    trained = train_vectors(
        args.out,
        texts=args.texts,
        text=args.text,
        languages=args.language,
        epochs=args.epochs,
        lower_case=not args.keep_case,
        recipe=args.recipe,
        lake=args.lake,
        **settings,
    )
    scores = score_vectors(args.out, similarity=args.similarity, analogies=args.analogies)
    if args.json:
        print(json_line(asdict(trained) | {"scores": {name: asdict(score) for name, score in scores.items()}}))
    else:
        for line in lines(trained, scores):
            print(printable(line))
    return 0
