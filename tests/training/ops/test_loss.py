from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from training.data.loader import IGNORED
from training.ops import loss
from training.ops.loss import cross_entropy


def inputs(rows: int = 23, width: int = 8, words: int = 50) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden, head = torch.randn(rows, width, generator=generator), torch.randn(words, width, generator=generator)
    targets = torch.randint(0, words, (rows,), generator=generator)
    targets[::5] = IGNORED
    return hidden.requires_grad_(), head.requires_grad_(), targets


def whole(hidden: Tensor, head: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    logits = (hidden @ head.t()).float()
    return functional.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_once", [1 << 21, 50 * 7, 1])
def test_in_slices_it_has_the_value_and_the_gradients_of_the_whole(
    smoothing: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(loss.SLICE, "cpu", at_once)
    monkeypatch.setattr(loss, "MIN_ROWS", 1)
    hidden, head, targets = inputs()
    expected = whole(hidden, head, targets, smoothing)
    found = cross_entropy(hidden, head, targets, smoothing)
    torch.testing.assert_close(found, expected)
    for mine, theirs in zip(
        torch.autograd.grad(found * 0.3, (hidden, head)),
        torch.autograd.grad(expected * 0.3, (hidden, head)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        torch.testing.assert_close(cross_entropy(hidden, head, targets, smoothing), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_what_is_compiled_for_cuda_computes_the_same(smoothing: float) -> None:
    hidden, head, targets = inputs()
    logits = (hidden @ head.t()).detach()
    for mine, theirs in zip(
        loss._fusible(logits, targets, smoothing), loss._in_place(logits.clone(), targets, smoothing), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


def test_under_autocast_the_heads_gradient_is_summed_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loss.SLICE, "cpu", 50 * 2)
    monkeypatch.setattr(loss, "MIN_ROWS", 1)
    hidden, head, targets = inputs(rows=400)
    exact = torch.autograd.grad(whole(hidden, head, targets, 0.0), (hidden, head))
    with torch.autocast("cpu", torch.bfloat16):
        found = cross_entropy(hidden, head, targets)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(whole(hidden, head, targets, 0.0).item(), rel=1e-2)
    for mine, theirs in zip(torch.autograd.grad(found, (hidden, head)), exact, strict=True):
        assert mine.dtype == torch.float32
        assert functional.cosine_similarity(mine.flatten(), theirs.flatten(), dim=0) > 0.999


def test_far_from_the_target_the_loss_is_finite() -> None:
    hidden = torch.tensor([[200.0]], requires_grad=True)
    head = torch.tensor([[1.0], [-1.0]], requires_grad=True)
    assert cross_entropy(hidden, head, torch.tensor([1])).item() == pytest.approx(400)


def test_where_nothing_is_asked_the_loss_and_its_gradient_are_zero() -> None:
    hidden, head, targets = inputs()
    found = cross_entropy(hidden, head, torch.full_like(targets, IGNORED))
    assert found.item() == 0
    assert all(not g.any() for g in torch.autograd.grad(found, (hidden, head)))
