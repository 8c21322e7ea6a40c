from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_corpus import CONTEXT, VOCABULARY, Data, newest

from corpus.shards.reader import ShardSet
from training.inference.batches import build_batches
from training.inference.loading import load_any, load_baselines
from training.inference.masked import MaskedScorer
from training.inference.questions import continuation_questions
from training.models.families import FAMILIES
from training.run.outdir import Outdir
from training.shape import Size

SIZE = Size(layers=2, width=32, heads=4, kv_heads=4, head_width=8, feed_forward=64, context=CONTEXT)


@pytest.fixture(scope="module", params=["bert", "roberta", "albert"])
def scorer(request: pytest.FixtureRequest, data: Data, tmp_path_factory: pytest.TempPathFactory) -> MaskedScorer:
    family = FAMILIES[request.param]
    out = tmp_path_factory.mktemp("masked")
    model = family.of_size(SIZE, VOCABULARY + 1, data.eos)
    objective = family.OBJECTIVES[0]
    assert data.trainer(Outdir(out), model=model, objective=objective, learning_rate=1e-2).run() == 0
    loaded = load_any(newest(out), torch.device("cpu")).model
    assert isinstance(loaded, MaskedScorer)
    return loaded


@torch.no_grad()
def test_each_token_is_asked_with_it_alone_hidden(scorer: MaskedScorer, data: Data) -> None:
    text = data.heldout_texts[0][:60]
    pairs = [(text[:20], text[20:40]), ("", text[:15]), (text[:5], text[5:30])]
    questions = continuation_questions(pairs, scorer.encode, scorer.prefix)
    found = dict[int, float]()
    for batch in build_batches(questions, scorer.context, None, branches=False):
        scores, _ = scorer.log_likelihoods(batch)
        ends = [len(piece.targets) for piece in batch.pieces]
        for piece, part in zip(batch.pieces, torch.from_numpy(scores).split(ends), strict=True):
            found[piece.question] = float(part.sum())
    for number, question in enumerate(questions):
        expected = 0.0
        for place in range(question.start, len(question.tokens)):
            tokens = torch.tensor([question.tokens])
            tokens[0, place] = VOCABULARY  # the mask follows on the vocabulary
            expected += float(scorer.model.logits(tokens)[0, place].log_softmax(-1)[question.tokens[place]])
        assert found[number] == pytest.approx(expected, rel=1e-5)


def test_a_model_before_training_is_its_baseline(data: Data, tmp_path: Path) -> None:
    model = FAMILIES["bert"].of_size(SIZE, VOCABULARY + 1, data.eos)
    assert data.trainer(Outdir(tmp_path), model=model, objective="masked_tokens").run() == 0
    baselines = load_baselines(newest(tmp_path), ShardSet(data.shards), torch.device("cpu"))
    untrained = baselines["untrained"]
    assert isinstance(untrained, MaskedScorer)
    weights = model.build(data.plan().seed).state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in untrained.model.state_dict().items())


def test_it_writes_no_text(scorer: MaskedScorer) -> None:
    with pytest.raises(ValueError, match="fills masks and does not continue texts"):
        scorer.generate([[0]], 1, lambda _: False)


def test_a_family_without_likelihoods_says_so(data: Data, tmp_path: Path) -> None:
    model = FAMILIES["t5"].of_size(SIZE, VOCABULARY + 100, data.eos)
    assert data.trainer(Outdir(tmp_path), model=model, objective="span_corruption").run() == 0
    with pytest.raises(ValueError, match="family t5 says of no text how likely it is"):
        load_any(newest(tmp_path), torch.device("cpu"))
