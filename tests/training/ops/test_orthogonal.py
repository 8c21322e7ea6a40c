from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.ops.orthogonal import COEFFICIENTS, STEPS, orthogonalize


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def as_published(x: Tensor) -> Tensor:
    """Of one matrix, in float64."""
    a, b, c = COEFFICIENTS
    x = x.double() / x.double().norm()
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_muon_makes_singular_values_about_one(dtype: torch.dtype) -> None:
    for shape in ((3, 40, 16), (2, 16, 40), (1, 24, 24)):
        matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 1e-3
        values = torch.linalg.svdvals(orthogonalize(matrices, dtype))
        assert values.min() > 0.3 and values.max() < 1.3
        left, _, right = torch.linalg.svd(matrices, full_matrices=False)
        assert (
            torch.nn.functional.cosine_similarity(orthogonalize(matrices, dtype).flatten(), (left @ right).flatten(), 0)
            > 0.95
        )


@pytest.mark.parametrize("shape", [(256, 256), (256, 688), (688, 256), (150, 170), (1, 300), (300, 1)])
def test_float32_takes_the_published_steps(shape: tuple[int, int]) -> None:
    matrix = drawn(*shape)
    expected = as_published(matrix if shape[0] <= shape[1] else matrix.mT)
    found = orthogonalize(matrix[None], torch.float32)[0]
    torch.testing.assert_close((found if shape[0] <= shape[1] else found.mT).double(), expected, rtol=0, atol=1e-5)


def test_a_matrix_of_low_rank_is_no_trouble() -> None:
    matrix = drawn(160, 20) @ drawn(20, 480)
    found = orthogonalize((matrix + 1e-5 * drawn(160, 480))[None], torch.float32)[0]
    expected = as_published(matrix + 1e-5 * drawn(160, 480))
    assert float((found - expected).norm() / expected.norm()) < 1e-3


def test_the_number_of_threads_changes_nothing() -> None:
    matrices, found = drawn(6, 140, 300), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(orthogonalize(matrices, torch.float32))
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])
