"""Families: the families of models by name. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.models.albert.config import AlbertConfig
from training.models.autoencoder.config import AutoencoderConfig
from training.models.bart.config import BartConfig
from training.models.bert.config import BertConfig
from training.models.config import ModelConfig
from training.models.convolutional.config import ConvolutionalConfig
from training.models.electra.config import ElectraConfig
from training.models.gpt2.config import Gpt2Config
from training.models.gpt_bert.config import GptBertConfig
from training.models.log_bilinear.config import LogBilinearConfig
from training.models.qwen3.config import Qwen3Config
from training.models.recurrent.config import GruConfig, RecurrentConfig, RnnConfig
from training.models.roberta.config import RobertaConfig
from training.models.t5.config import T5Config
from training.models.xglm.config import XglmConfig

FAMILIES: dict[str, type[ModelConfig]] = {
    "qwen3": Qwen3Config,
    "gpt2": Gpt2Config,
    "xglm": XglmConfig,
    "gpt_bert": GptBertConfig,
    "lstm": RecurrentConfig,
    "gru": GruConfig,
    "rnn": RnnConfig,
    "gated_convolution": ConvolutionalConfig,
    "log_bilinear": LogBilinearConfig,
    "bert": BertConfig,
    "roberta": RobertaConfig,
    "albert": AlbertConfig,
    "electra": ElectraConfig,
    "bart": BartConfig,
    "autoencoder": AutoencoderConfig,
    "t5": T5Config,
}


def read_model(values: Mapping[str, Any], where: str) -> ModelConfig:
    """The shape of a model that `exported` or `asdict` wrote. Raises ValueError, naming `where`, for another."""
    name = values.get("model_type")
    if name not in FAMILIES:
        raise ValueError(f"{where}: model_type is {name!r}; known are {', '.join(FAMILIES)}")
    return FAMILIES[name].imported(values, where)
