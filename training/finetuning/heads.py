"""Heads: a pretrained model with the part that a task needs on top of it, by transformers.

The part that is new is drawn from the seed; the rest are the weights of the folder, or drawn as well, to compare.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import AutoModel, PreTrainedModel, set_seed

from training.checkpoints.checkpoint import find_checkpoint, is_ours
from training.finetuning.inputs import OPTIONS, Inputs, read_config
from training.finetuning.plan import BOTH_SIDES, RANDOM, FinetunePlan

# Where the layers of transformers' models are.
LAYERS = ("encoder.layer", "layers", "h", "encoder.block", "encoder.layers", "encoder.albert_layer_groups")


def find_folder(folder: Path) -> Path:
    """Of a checkpoint, a run's newest one, verified, or of a Hugging Face folder, as it is. Raises ValueError where it
    is none of them, or of a family that transformers does not have."""
    if is_ours(folder):
        folder = find_checkpoint(folder)
    elif not any(folder.glob("*.safetensors")):
        raise ValueError(f"{folder} holds no *.safetensors; convert the weights, others can execute code when read")
    return folder


def load_headed(folder: Path, head: Any, plan: FinetunePlan, inputs: Inputs, labels: Mapping[str, Any]) -> Any:
    """A model of `head`, one of transformers' Auto classes. `labels`: what its config says of them."""
    set_seed(plan.seed)
    config = read_config(folder, **labels)
    if type(config) not in head._model_mapping:
        raise ValueError(f"{folder}: transformers has no {head.__name__} for the family {config.model_type}")
    if plan.initial == RANDOM:
        model, new = head.from_config(config), set[str]()
    else:
        model, about = head.from_pretrained(
            folder, config=config, dtype="float32", use_safetensors=True, output_loading_info=True, **OPTIONS
        )
        missing, base = set(about["missing_keys"]), model.base_model_prefix
        body = {f"{base}.{name}" for name, _ in model.base_model.named_parameters()}
        if missing.issuperset(body):  # Qwen3's model for answering has another name for its body than its folders
            read = AutoModel.from_pretrained(folder, config=config, dtype="float32", use_safetensors=True, **OPTIONS)
            model.base_model.load_state_dict(read.state_dict())
            missing -= body
        new = {name.rpartition(".")[0] for name in missing}
        if new:
            print(f"new weights: {', '.join(sorted(new))}", file=sys.stderr)
    tokens = range(model.get_input_embeddings().num_embeddings, len(inputs.tokenizer))
    if tokens:
        model.resize_token_embeddings(len(inputs.tokenizer), mean_resizing=False)
    model.config.pad_token_id = inputs.tokenizer.pad_token_id
    if plan.attention == BOTH_SIDES or getattr(config, "is_causal", None) is False:  # as what it is started from
        read_both_sides(model)
    if plan.freeze:
        _freeze(model, plan.freeze)
    return _with_lora(model, plan, sorted(new), list(tokens)) if plan.lora_rank else model


def read_both_sides(model: PreTrainedModel) -> None:
    """Attention looks ahead too. In transformers the masks follow the config, and attention without a mask, which is
    how texts of one length are read, follows a mark of each layer. Raises ValueError for a model that has no such
    mark, as those that read both sides anyway."""
    layers: list[Any] = [module for module in model.modules() if getattr(module, "is_causal", False)]
    if not layers or model.config.is_encoder_decoder:
        raise ValueError(f"attention {BOTH_SIDES}: {type(model).__name__} does not read from left to right alone")
    model.config.is_causal = False
    for layer in layers:
        layer.is_causal = False


def _freeze(model: PreTrainedModel, layers: int) -> None:
    """The embeddings and the lowest layers. Raises ValueError where there are not so many."""
    base = model.base_model
    modules = dict(base.named_modules())
    found = next((modules[name] for name in LAYERS if name in modules), None)
    if found is None or len(found) < layers:
        raise ValueError(f"freeze {layers}: the model has {len(found) if found is not None else 0} layers of its own")
    for frozen in (model.get_input_embeddings(), *found[:layers], getattr(base, "embeddings", None)):
        for weight in frozen.parameters() if frozen is not None else ():
            weight.requires_grad_(False)


def _with_lora(model: Any, plan: FinetunePlan, new: Sequence[str], tokens: Sequence[int]) -> Any:
    """What is `new`, modules and the vectors of tokens, is learnt as a whole."""
    from peft import LoraConfig, get_peft_model

    embeddings = next(name for name, module in model.named_modules() if module is model.get_input_embeddings())
    adapted = LoraConfig(
        r=plan.lora_rank,
        lora_alpha=2 * plan.lora_rank,
        target_modules="all-linear",
        exclude_modules=list(new) or None,
        modules_to_save=list(new) or None,
        trainable_token_indices={embeddings: list(tokens)} if tokens else None,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)  # peft asks by its old name
        model = get_peft_model(model, adapted)
    learnt, every = model.get_nb_trainable_parameters()
    print(f"LoRA of rank {plan.lora_rank}: {learnt:,} of {every:,} weights are learnt", file=sys.stderr)
    return model
