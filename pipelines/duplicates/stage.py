"""Find duplicates: signatures of a crawl, and of earlier ones -> which of its documents go, each for one that stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from corpus.duplicates.banding import LIBRARIES, DuplicateConfig
from corpus.lake import stages
from corpus.lake.stage import Outcome, Stage, json_values
from corpus.lake.store import Lake
from pipelines.duplicates import splits
from pipelines.duplicates.components import FindComponents
from pipelines.duplicates.decisions import NEAR, Comparison, Decide
from pipelines.duplicates.exact import EXACT, FIRST_OR_LATEST, SAME_URL, FindExact, FindSameUrl
from pipelines.duplicates.groups import GROUPS, FindGroups
from pipelines.duplicates.removals import GatherRemovals
from pipelines.duplicates.shingle_sets import SETS, ComputeShingleSets, text_splits
from pipelines.duplicates.signed import Signed
from pipelines.engine import Engine
from pipelines.parts import FileSplit, Phase, Split, StageError
from pipelines.plan import Plan, compute

STAGE = stages.DUPLICATES
VERSION = 3
COMPONENTS = FileSplit(name="components", weight=1, paths={})


def find_duplicates(
    lake: Lake, crawl: Signed, earlier: Sequence[Signed], config: DuplicateConfig, engine: Engine
) -> Outcome:
    """Publishes which documents of a crawl go. Raises StageError when the signatures were not all made alike."""
    crawls = (*earlier, crawl)
    signing = config.signing()
    for signed in crawls:
        if signed.signatures.config != json_values(asdict(signing)):
            raise StageError(
                f"{signed.signatures.name} was signed with {dict(signed.signatures.config)}, and wanted is "
                f"{json_values(asdict(signing))}: keys made in two ways cannot be compared; sign that crawl again"
            )
    comparison = Comparison(
        threshold=config.threshold,
        measure=config.measure,
        same_url=config.same_url,
        agreeing=config.min_shared_bands(),
        earlier=tuple(signed.documents.partition for signed in earlier),
    )
    read = [manifest for signed in crawls for manifest in vars(signed).values()]
    stage = Stage(
        name=STAGE,
        partition=crawl.documents.partition,
        version=VERSION,
        config=comparison,
        datasets=[manifest for manifest in read if manifest],
        libraries=LIBRARIES,
    )

    def plan() -> Plan:
        splits.check_sizes([signed.signatures for signed in crawls])
        phases = _phases(lake, crawls, comparison, config.shingle_words, lake.path(stage.name, stage.address))
        return Plan(phases=phases, parts=[split.name for dealt, _ in phases for split in dealt])

    return compute(lake, stage, engine, plan)


def _phases(
    lake: Lake, crawls: Sequence[Signed], comparison: Comparison, shingle_words: int, folder: str
) -> list[Phase]:
    def files(kind: str, made: Iterable[Split]) -> list[str]:
        return [f"{folder}/{kind}/{split.name}.parquet" for split in made]

    documents = sum(signed.count for signed in crawls)
    by_url = splits.digest_ranges("same-url", documents) if comparison.same_url in FIRST_OR_LATEST else []
    by_digest = splits.digest_ranges("exact", documents)
    by_key = splits.band_ranges(crawls[-1].signatures.config["bands"], documents)
    bins = splits.make_bins(documents)
    texts = text_splits(lake, crawls, min(splits.ROW_GROUP, splits.TEXTS * len(bins)))
    runs = splits.make_runs(splits.document_files(crawls[-1].documents), splits.TOGETHER)
    same_url, exact, groups = files(SAME_URL, by_url), files(EXACT, by_digest), files(GROUPS, by_key)
    phases: list[Phase] = [(by_url, FindSameUrl(crawls, comparison.same_url))] if by_url else []
    return [
        *phases,
        (by_digest, FindExact(crawls, same_url)),
        (by_key, FindGroups(crawls, [*same_url, *exact])),
        ([COMPONENTS], FindComponents(crawls, groups, len(bins))),
        (texts, ComputeShingleSets(crawls, shingle_words, folder)),
        (bins, Decide(crawls, comparison, groups, files(SETS, texts), folder)),
        (runs, GatherRemovals(crawls[-1], same_url, exact, files(NEAR, bins))),
    ]
