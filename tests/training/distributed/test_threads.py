from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
from small_corpus import Data
from torch.nn.parallel import DistributedDataParallel

from training.data.loader import IGNORED
from training.distributed.threads import ThreadParallel
from training.models.qwen3.transformer import Transformer


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.randint(0, 512, (4, 33), generator=torch.Generator().manual_seed(0))
    targets = tokens[:, 1:].clone()
    targets[0, 3:9] = IGNORED
    return tokens[:, :-1], targets


@pytest.mark.parametrize("bfloat16", [False, True])
def test_shares_have_the_loss_and_the_gradients_of_the_whole(
    data: Data, batch: tuple[torch.Tensor, torch.Tensor], bfloat16: bool
) -> None:
    torch.set_num_threads(2)
    model = Transformer(data.model(), seed=1)
    parameters = list(model.parameters())
    found = []
    for module in (model, ThreadParallel(model), ThreadParallel(model)):
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = module(*batch, None)
        found.append((loss, torch.autograd.grad(loss * 0.5, parameters)))
    (loss, gradients), (shared, ours), (again, same) = found
    assert shared.item() == pytest.approx(loss.item(), rel=1e-3 if bfloat16 else 1e-6)
    assert shared.item() == again.item() and all(map(torch.equal, ours, same))
    tolerance = 3e-2 if bfloat16 else 1e-4
    for one, two in zip(gradients, ours, strict=True):
        assert torch.allclose(one, two, rtol=tolerance, atol=tolerance * float(one.abs().max()))
    assert torch.get_num_threads() == 2


def test_without_gradients_and_with_an_odd_batch(data: Data, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.set_num_threads(2)
    model = Transformer(data.model(), seed=1)
    tokens, targets = batch
    with torch.no_grad():
        for some in (4, 3, 1):
            expected = model(tokens[:some], targets[:some]).item()
            assert ThreadParallel(model)(tokens[:some], targets[:some]).item() == pytest.approx(expected, rel=1e-6)


def test_an_error_in_a_share_is_the_callers(data: Data, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.set_num_threads(2)
    tokens, targets = batch
    with pytest.raises(ValueError, match="exceed the context"):
        ThreadParallel(Transformer(data.model(max_position_embeddings=16)))(tokens, targets)
    assert torch.get_num_threads() == 2


def test_ranks_may_be_put_around_shares(data: Data, batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    torch.set_num_threads(2)
    model = Transformer(data.model(), seed=1)
    expected = torch.autograd.grad(ThreadParallel(model)(*batch), list(model.parameters()))
    dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
    try:
        replica = DistributedDataParallel(ThreadParallel(model), gradient_as_bucket_view=True)
        with replica.no_sync():
            replica(*batch).backward()
        replica(*batch).backward()
    finally:
        dist.destroy_process_group()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, 2 * gradient)
