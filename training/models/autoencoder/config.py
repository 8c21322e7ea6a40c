"""Config: the shape of an autoencoder of texts, with one width for embeddings and states, and tied embeddings.

D width   Z numbers of a point   V vocabulary
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.models.config import ModelConfig
from training.objectives.autoencoding import LATENT
from training.shape import Size

if TYPE_CHECKING:
    from training.models.module import TrainableModel


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(ModelConfig):
    """It reads any length; `max_position_embeddings` is that of training."""

    OBJECTIVES = ("variational", "autoencoding")
    DOCUMENT_MASKS = False

    model_type: str = "autoencoder"
    latent_size: int

    @classmethod
    def further(cls, size: Size) -> dict[str, Any]:
        return {"latent_size": LATENT}

    @property
    def matrix_parameters(self) -> int:
        d, z, layers = self.hidden_size, self.latent_size, self.num_hidden_layers
        cell = 8 * d * d + 8 * d
        reads, writes = layers * cell, layers * cell + 4 * d * z
        return reads + writes + 2 * (d * z + z) + (z * d + d) + 2 * d

    @property
    def parameters(self) -> int:
        return self.matrix_parameters + self.vocab_size * self.hidden_size

    @property
    def flops_per_token(self) -> int:
        return 6 * self.parameters

    def activation_bytes(self, item: int) -> int:
        return 2 * self.num_hidden_layers * self.hidden_size * (4 * item + 16) + self.hidden_size * (16 + 3 * item)

    def exported(self) -> dict[str, Any]:
        """For ours alone: transformers has no such architecture."""
        return self.asdict()

    def build(self, seed: int = 0, *, dropout: float = 0.0, label_smoothing: float = 0.0) -> TrainableModel:
        from training.models.autoencoder.network import Autoencoder

        return Autoencoder(self, seed, dropout=dropout, label_smoothing=label_smoothing)
