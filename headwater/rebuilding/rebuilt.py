"""Rebuilding: the datasets of recipes computed once more, in a lake of their own, and compared with the published ones
byte by byte.

The new lake is temporary, with links to what is read and not computed again. Nothing is written in the old one.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from corpus.lake.current import RecipeLake, recipes_of
from corpus.lake.stages import STAGES
from corpus.lake.store import Lake
from corpus.lake.verification import find_damage
from headwater import interrupts
from headwater.lakes import existing_lake, open_lake
from headwater.rebuilding.files import compare_files, explain_address
from headwater.rebuilding.recipe import Made, Place, RebuiltRecipe, choose

log = logging.getLogger(__name__)

EQUAL, READ, DIFFERENT, DAMAGED = "equal", "read", "different", "damaged"


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What came of a dataset. `status`: EQUAL or DIFFERENT where it was computed again; READ where it was only read,
    and is as its manifest says, DAMAGED where it is not. `files` and `bytes`: of the dataset, the manifest's too where
    it was compared. `recipe`: the first that stands for it."""

    recipe: str
    place: Place
    status: str
    files: int = 0
    bytes: int = 0
    problems: tuple[str, ...] = ()


def rebuild(url: str, recipe: str | None, stage: str | None, *, quiet: bool = False) -> list[Rebuilt]:
    """Computes again what `recipe` stands for, or each recipe of the lake: everything that follows from the crawls, or
    one stage alone. What is read for it is checked first; where that is damaged, nothing is computed.

    Raises ValueError for a lake without a recipe or such a dataset, and as GraphRun where a stage fails.
    """
    lake = existing_lake(url)
    if not lake.local:
        raise ValueError(f"--rebuild takes a lake on this machine, not {url}: copy it here first")
    recipes = recipes_of(lake) if recipe is None else [recipe]
    if not recipes:
        raise ValueError(f"the lake {lake.url} holds no recipe: `headwater demo --lake {lake.url}` computes one")
    for name in recipes:
        open_lake(url, name)  # refuses one that is not there
    chosen = [choose(RecipeLake(lake.url, name), stage) for name in recipes]
    if not any(one.wanted for one in chosen):
        raise ValueError(f"the lake {lake.url} has no dataset of {stage or 'any stage'} under {', '.join(recipes)}")
    if recipe is None:
        _tell_left_out(lake, chosen, stage)
    results = [_check(one, place) for one in chosen for place in one.read]
    if not any(result.problems for result in results):
        with _temporary_folder() as root:
            for one in chosen:
                one.link(root)
            for one in chosen:
                made = one.compute(root, quiet=quiet)
                results += [_compare(one, place, root, made) for place in one.wanted]
                results += [_changed(one, place, root, made) for place in one.read if _is_another(place, made)]
    return _summed_up(results)


def _check(recipe: RebuiltRecipe, place: Place) -> Rebuilt:
    """Reads a dataset again."""
    try:
        manifest = recipe.view.get(place.stage, place.address)
    except ValueError as error:
        return Rebuilt(recipe=recipe.name, place=place, status=DAMAGED, problems=(str(error),))
    problems = list(find_damage(recipe.view, manifest))
    if manifest.address != place.address:
        path = recipe.folder(place) / "manifest.json"
        problems = [f"{path}: its content belongs to the address {manifest.address}"]
    return Rebuilt(
        recipe=recipe.name,
        place=place,
        status=DAMAGED if problems else READ,
        files=len(manifest.files),
        bytes=manifest.total_bytes,
        problems=tuple(problems),
    )


def _compare(recipe: RebuiltRecipe, place: Place, root: Path, made: Made) -> Rebuilt:
    if (place.stage, place.partition) not in made:
        problem = f"{recipe.folder(place)}: the recipe no longer makes it"
        return Rebuilt(recipe=recipe.name, place=place, status=DIFFERENT, problems=(problem,))
    if _is_another(place, made):
        return _changed(recipe, place, root, made)
    files, size, problems = compare_files(recipe.view, recipe.folder(place), root / place.stage / place.address)
    return Rebuilt(
        recipe=recipe.name,
        place=place,
        status=DIFFERENT if problems else EQUAL,
        files=files,
        bytes=size,
        problems=tuple(problems),
    )


def _is_another(place: Place, made: Made) -> bool:
    """Whether the run came to other addresses alone."""
    return place.address not in made.get((place.stage, place.partition), [place.address])


def _changed(recipe: RebuiltRecipe, place: Place, root: Path, made: Made) -> Rebuilt:
    address = made[place.stage, place.partition][-1]
    problem = f"{recipe.folder(place)}: {explain_address(recipe.folder(place), root / place.stage / address)}"
    return Rebuilt(recipe=recipe.name, place=place, status=DIFFERENT, problems=(problem,))


def _summed_up(results: Sequence[Rebuilt]) -> list[Rebuilt]:
    """One of each dataset, in the order of the stages: what recipes share is told once, a problem before none."""
    order = list(STAGES)
    found: dict[Place, Rebuilt] = {}
    for result in results:
        if result.place not in found or (result.problems and not found[result.place].problems):
            found[result.place] = result
    return sorted(found.values(), key=lambda one: (order.index(one.place.stage), one.place))


def _tell_left_out(lake: Lake, chosen: Sequence[RebuiltRecipe], stage: str | None) -> None:
    known = {(place.stage, place.address) for one in chosen for place in one.there}
    folders = [Path(path).parent for path in lake.manifest_paths(stage)]
    others = sum((folder.parent.name, folder.name) not in known for folder in folders)
    if others:
        log.info("left out: %d datasets for which no recipe stands, of earlier settings or of pipelines alone", others)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Gone afterwards, also after Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-rebuild-"))
    try:
        yield folder
    finally:
        interrupts.start_cleaning()
        for _ in range(50):  # a process that is being ended may still write into it
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.1)
