"""Budget: what a run will take, before it starts: parameters, FLOPs, and bytes of memory on each rank.

Weights, gradients and moments are float32, 4 bytes each; AdamW keeps two moments a weight, Muon one for a matrix
(Jordan et al. 2024). Activations are those of the model's family.

    B sequences   T tokens   D width   V vocabulary
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from training.config import TrainConfig
from training.models.config import ModelConfig
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
    matrices, parameters = model.matrix_parameters, model.parameters
    embedding = model.vocab_size * model.hidden_size
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
        flops_per_token=model.flops_per_token,
        tokens=train.tokens,
        ranks=ranks,
        sharded=sharded,
        weights=4 * parameters // parts + gathered,
        gradients=4 * parameters * (1 + splits if splits > 1 else 1) // parts,
        moments=4 * moments // parts,
        activations=tokens * model.activation_bytes(a) + copies // parts,
        logits=logits,
    )


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
