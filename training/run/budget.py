"""Budget: what a run will take, before it starts: parameters, FLOPs, and bytes of memory on each rank.

Weights, gradients and moments are float32, 4 bytes each; AdamW keeps two moments a weight, Muon one for a matrix
(Jordan et al. 2024). Activations are counted tensor by tensor as in Korthikanti et al. 2022 (section 4), for this
architecture and what its backward pass needs. a: bytes of an activation (2 in bfloat16, else 4). For each token:

    a layer  norms 2 D (4 + a) + 8;  q, k, v kept twice for q and k: a (2 (2H + 2K) E - K E);  output H E a + 4 H;
             residual stream 2 D 4;  gate, up and their product 3 F a
    once     embedding and last norm D (8 + 2a), gradient of the last hidden states D a, one slice of logits

    B sequences   T tokens   D width   F width of the MLP   H heads   K key-value heads   E head width   V vocabulary
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from training.config import ModelConfig, TrainConfig
from training.models.size import flops_per_token, matrix_parameters
from training.ops.loss import slice_rows

RESERVE = 0.15  # of what is needed: fragmentation, buffers of libraries
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Memory of one rank, in bytes. `peak` is at the end of a backward pass or at the update, whichever is more."""

    parameters: int
    flops_per_token: int
    tokens: int
    ranks: int
    sharded: bool
    weights: int
    gradients: int
    moments: int
    activations: int
    logits: int

    @property
    def peak(self) -> int:
        held = self.weights + self.gradients + self.moments + self.activations + self.logits
        return round(held * (1 + RESERVE))

    def lines(self) -> list[str]:
        """The steps of the calculation, numbered."""
        fixed = " + ".join(map(_size, (self.weights, self.gradients, self.moments)))
        how = (
            f"sharded over {self.ranks} ranks"
            if self.sharded
            else "on one rank"
            if self.ranks == 1
            else f"on each of {self.ranks} ranks"
        )
        steps = (
            f"parameters: {self.parameters:,}",
            f"FLOPs: {self.flops_per_token / 1e9:.3g} GFLOP a token, {self.flops_per_token * self.tokens:.3g} in all",
            f"weights, gradients, moments: {fixed}, {how}",
            f"activations of a micro-batch: {_size(self.activations)}; logits at a time: {_size(self.logits)}",
            f"memory of a rank: {_size(self.peak)}, including a reserve of {RESERVE:.0%}",
        )
        return [f"{number}. {step}" for number, step in enumerate(steps, start=1)]

    def check(self, available: int) -> None:
        """Raises ValueError when a rank has fewer than `peak` bytes, naming what to lower."""
        if self.peak <= available:
            return
        fixed = self.weights + self.gradients + self.moments
        remedy = (
            "lower --micro-batch or --context"
            if fixed * (1 + RESERVE) < available
            else "take a smaller model"
            if self.sharded
            else "take a smaller model, or shard it over several ranks with --parallel fsdp"
        )
        raise ValueError(
            f"a rank needs {_size(self.peak)} and has {_size(available)}: {_size(fixed)} for weights, gradients and "
            f"moments, {_size(self.activations + self.logits)} for a micro-batch; {remedy}"
        )


def estimate_budget(
    model: ModelConfig,
    train: TrainConfig,
    *,
    ranks: int,
    sharded: bool,
    optimizer: str = "adamw",
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    splits: int = 1,
) -> Budget:
    """`optimizer`: "adamw" or "muon"; `dtype`: of matrix products; `splits`: threads that each hold gradients."""
    matrices = matrix_parameters(model)
    embedding = model.vocab_size * model.hidden_size
    parameters = matrices + embedding * (1 if model.tie_word_embeddings else 2)
    moments = 2 * parameters if optimizer == "adamw" else 2 * parameters - matrices
    parts = ranks if sharded else 1
    rank_batch = train.global_batch // ranks  # 0 where it is not derived yet
    tokens = min(train.micro_batch, rank_batch or train.micro_batch) * train.context
    a = 2 if dtype == torch.bfloat16 else 4
    # Copies of matrices for products in bfloat16 live as long as the activations.
    copies = 2 * (matrices + embedding) if a == 2 else 0
    head = slice_rows(device, model.vocab_size)
    # Logits and gradient in the precision of products. CPU: float32 between, in which logits become the gradient.
    entry = 2 * a if device == "cuda" else 4 if a == 4 else 4 + 2 * a
    logits = min(tokens, head * splits) * model.vocab_size * entry
    # The gradient of the head is whole while the loss is computed, beside that of the embedding.
    logits += 4 * embedding * splits
    # A gathered layer is whole while it is used, and the next one is fetched meanwhile.
    gathered = 2 * a * matrices // model.num_hidden_layers + 2 * a * embedding if sharded else 0
    return Budget(
        parameters=parameters,
        flops_per_token=flops_per_token(model),
        tokens=train.tokens,
        ranks=ranks,
        sharded=sharded,
        weights=4 * parameters // parts + gathered,
        gradients=4 * parameters * (1 + splits if splits > 1 else 1) // parts,
        moments=4 * moments // parts,
        activations=tokens * _activations(model, a) + copies // parts,
        logits=logits,
    )


def _activations(model: ModelConfig, a: int) -> int:
    """Bytes that a token's backward pass needs."""
    d, f, e = model.hidden_size, model.intermediate_size, model.head_dim
    h, k = model.num_attention_heads, model.num_key_value_heads
    layer = 2 * (d * (4 + a) + 4)
    layer += a * (2 * h + 3 * k) * e + 4 * (h + k)  # queries and keys before and after their rotation, values
    layer += a * h * e + 4 * h + 2 * 4 * d
    layer += 3 * a * f
    return model.num_hidden_layers * layer + d * (8 + 2 * a) + d * a


def available_memory(device: torch.device) -> int:
    """Free bytes: of the GPU, else of this machine or of the container around this process, whichever has fewer."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    candidates = []
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        candidates.append(int(lines["MemAvailable"].split()[0]) * 1024)
    for limit in MEMORY_LIMITS:
        used = limit.with_name("memory.current" if limit.name == "memory.max" else "memory.usage_in_bytes")
        if limit.is_file() and used.is_file() and (text := limit.read_text().strip()) != "max":
            candidates.append(int(text) - int(used.read_text()) + _reclaimable(limit.with_name("memory.stat")))
    return min(candidates, default=1 << 62)


def _reclaimable(stat: Path) -> int:
    """Bytes that a container counts as used and gives back on demand: cached pages of files not read lately."""
    values = dict(line.split() for line in stat.read_text().splitlines()) if stat.is_file() else {}
    return int(values.get("total_inactive_file", values.get("inactive_file", 0)))


def _size(count: float) -> str:
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
