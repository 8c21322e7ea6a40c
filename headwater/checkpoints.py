"""Checkpoints: the folder of the model that a person means: by its path, by its address in a lake, or the latest."""

from __future__ import annotations

from pathlib import Path

from corpus.lake.manifest import Manifest
from corpus.lake.store import Lake
from dagster_project.folders import local_folder
from headwater.lakes import existing_lake, open_lake
from training.checkpoints.checkpoint import Checkpoints
from training.checkpoints.stored import fetch_checkpoint

LATEST, STAGE = "latest", "checkpoint"


def resolve_checkpoint(name: str, lake: str, recipe: str | None) -> Path:
    """The local folder of a checkpoint, a run or a Hugging Face model; a copy, its bytes checked, for a remote lake and
    for the URL of a run's --out in an object store, or of a checkpoint in it.

    `lake`: where `latest` (of `recipe`) and addresses are looked up. Raises FileNotFoundError or ValueError, naming
    what there is instead.
    """
    if "://" in name:
        return fetch_checkpoint(name)
    folder = Path(name)
    if name != LATEST and folder.is_dir():
        return _check_folder(folder)
    if name == LATEST:
        opened = open_lake(lake, recipe)
        manifests = list(opened.datasets(STAGE))
        if not manifests:
            raise FileNotFoundError(
                f"--checkpoint latest: no checkpoint in the lake {opened.url}; `headwater demo` trains one"
            )
        return local_model(opened, max(manifests, key=lambda manifest: (_started(opened, manifest), manifest.address)))
    try:
        opened = open_lake(lake, recipe) if recipe is not None else existing_lake(lake)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"--checkpoint {name}: no such folder, and {error}") from error
    return local_model(opened, _find_address(opened, name))


def local_model(lake: Lake, manifest: Manifest) -> Path:
    return lake.local_copy(manifest, "model", local_folder(lake, "cache"))


def checkpoints_of_run(folder: Path) -> list[Path]:
    """The folders that hold the checkpoints of one run, for a folder from `resolve_checkpoint`: in a lake, those that
    were kept on the way are beside the last one."""
    earlier = folder.parent / "along"
    return [earlier, folder] if folder.name == "model" and earlier.is_dir() else [folder]


def _check_folder(folder: Path) -> Path:
    """Raises FileNotFoundError, with what is in the folder, where no model can be loaded from it."""
    if not (folder / "config.json").is_file() and (folder / "model" / "config.json").is_file():
        folder = folder / "model"  # a dataset of a lake, by its path, or the --out of a fine-tuning
    if (folder / "config.json").is_file() or Checkpoints(folder / "checkpoints", keep_last=1).all():
        return folder
    nested = sorted(path.name for path in folder.iterdir())
    holds = ", ".join(nested[:8]) + (f" and {len(nested) - 8} more" if len(nested) > 8 else "")
    raise FileNotFoundError(
        f"--checkpoint {folder}: neither a checkpoint, nor the --out folder of a run that saved one, nor a Hugging "
        f"Face folder; it holds {holds or 'nothing'}"
    )


def _find_address(lake: Lake, name: str) -> Manifest:
    """Raises ValueError where no address, or several, begin so."""
    prefix = name.removeprefix(f"{STAGE}/")
    manifests = list(lake.datasets(STAGE))
    matches = [manifest for manifest in manifests if prefix and manifest.address.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    there = ", ".join(f"{STAGE}/{manifest.address[:12]}" for manifest in matches or manifests) or "no checkpoint"
    if matches:
        raise ValueError(f"--checkpoint {name}: {len(matches)} checkpoints begin so: {there}")
    raise ValueError(
        f"--checkpoint {name}: neither a folder nor a checkpoint of the lake {lake.url}, which holds {there}; give "
        f"one of these, the path of a folder, or {LATEST}"
    )


def _started(lake: Lake, manifest: Manifest) -> float:
    return float(lake.read_run(manifest).get("started", 0))
