from __future__ import annotations

from small_corpus import Data

from training.models.qwen3.transformer import Transformer


def test_matrices_are_all_but_the_embeddings(data: Data) -> None:
    for tied in (True, False):
        config = data.model(tie_word_embeddings=tied)
        embeddings = config.vocab_size * config.hidden_size * (1 if tied else 2)
        assert config.matrix_parameters == Transformer(config).parameter_count - embeddings
        assert config.parameters == Transformer(config).parameter_count
