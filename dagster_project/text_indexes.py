"""Text indexes: that of a dataset's training tokens, on this machine; it is made where the lake has none."""

from corpus.lake.manifest import Manifest
from corpus.lake.stages import TOKENIZER
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.shards.reader import ShardSet
from corpus.tokenizer.vocabulary import Vocabulary
from corpus.verbatim.index import TextIndex
from dagster_project.folders import local_folder
from pipelines.engine import Engine
from pipelines.text_index import index_text
from pipelines.vocabulary import tokenizer_bytes


def open_text_index(lake: Lake, shards: Manifest, train: ShardSet, engine: Engine) -> tuple[TextIndex, Vocabulary]:
    """With the vocabulary of its tokens. `train`: the training set of the dataset `shards`. Raises FileNotFoundError
    where its tokenizer is no longer in the lake."""
    made = index_text(lake, shards, engine).manifest
    order, counts = (lake.local_copy(made, kind, local_folder(lake, "cache")) for kind in ("order", "counts"))
    [tokenizer] = sources(lake, shards, TOKENIZER)
    return TextIndex(train, order, counts), Vocabulary(tokenizer_bytes(lake, tokenizer))
