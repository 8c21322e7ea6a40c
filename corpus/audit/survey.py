"""Survey: what became of the pages of several crawls: funnels of all of them, and histograms and samples of each
language in the largest ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from corpus.audit.histograms import Histogram, make_histograms
from corpus.audit.outcomes import Funnel, find_outcomes, funnels, grouped, joined, languages
from corpus.audit.samples import Sample, dropped, dropped_samples, kept, smallest
from corpus.lake.manifest import Manifest
from corpus.lake.stages import DOCUMENTS, holds_crawl
from corpus.lake.store import Lake
from corpus.lineage.graph import sources
from corpus.quality.rules import Rule

CRAWLS, ROWS = 6, 15  # crawls that are shown in full, and rows of a table before "others"
LANGUAGES = 5  # of a crawl
KEPT, DROPPED = 3, 2  # samples of a language, and of a reason in it


@dataclass(frozen=True, kw_only=True)
class OfLanguage:
    """`dropped`: by stage and reason."""

    funnel: Funnel
    histograms: Sequence[Histogram]
    kept: Sequence[Sample]
    dropped: Sequence[Sample]


@dataclass(frozen=True, kw_only=True)
class OfCrawl:
    """`no_documents`: samples of the records that never became documents, which have no language."""

    funnel: Funnel
    no_documents: Sequence[Sample]
    languages: Sequence[OfLanguage]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """`funnels`: of each crawl, of each of its languages, and of each language in all crawls. `crawls`: the largest."""

    funnels: Sequence[Funnel]
    crawls: Sequence[OfCrawl]

    def by_crawl(self) -> list[Funnel]:
        """The largest crawls, the rest as one."""
        found = [funnel for funnel in self.funnels if funnel.language is None]
        return _largest(found, lambda rest: joined(rest, crawl=f"{len(rest)} others"))

    def by_language(self) -> list[Funnel]:
        """The most frequent languages in all crawls, the rest as one."""
        found = [funnel for funnel in self.funnels if funnel.crawl is None]
        return _largest(found, lambda rest: joined(rest, language=f"{len(rest)} others"))


def _largest(found: list[Funnel], join: Callable[[list[Funnel]], Funnel]) -> list[Funnel]:
    ordered = sorted(found, key=lambda funnel: (-funnel.left["documents"], str(funnel.crawl), str(funnel.language)))
    return ordered if len(ordered) <= ROWS else [*ordered[:ROWS], join(ordered[ROWS:])]


def make_survey(
    lake: Lake, cleans: Sequence[Manifest], later: Sequence[Manifest], rules: Sequence[Rule], language_score: float
) -> Survey:
    """Of crawls that were cleaned by `rules` and `language_score`. `later`: the datasets of the next stages, of one
    crawl or of several together, stage by stage."""
    pairs = [(sources(lake, clean, DOCUMENTS)[0], clean) for clean in cleans]
    pairs.sort(key=lambda pair: (-pair[0].counts.kept, pair[0].partition))
    found: list[Funnel] = []
    by_language: dict[str | None, list[Funnel]] = {}
    shown = []
    for place, (documents, clean) in enumerate(pairs):
        here = [clean, *(manifest for manifest in later if holds_crawl(manifest.partition, clean.partition))]
        stages = [manifest.stage for manifest in here]
        table = find_outcomes(lake, clean, here[1:])
        for funnel in funnels(documents, table, stages)[1:]:
            by_language.setdefault(funnel.language, []).append(funnel)
        table = grouped(table, LANGUAGES)
        of_crawl = funnels(documents, table, stages)
        found += of_crawl
        if place < CRAWLS:
            drawn = make_histograms(lake, clean, table, rules, language_score)
            shown.append(_of_crawl(lake, documents, here, table, of_crawl, drawn))
    found += [joined(parts, language=language) for language, parts in by_language.items()]
    return Survey(funnels=found, crawls=shown)


def _of_crawl(
    lake: Lake,
    documents: Manifest,
    stages: Sequence[Manifest],
    table: pa.Table,
    of_crawl: Sequence[Funnel],
    drawn: Mapping[str | None, Sequence[Histogram]],
) -> OfCrawl:
    left = table.filter(pc.is_null(table["stage"]))
    stay = _by_language(kept(lake, stages[-1], smallest(left, KEPT, ["language"])), table)
    gone: dict[str, list[Sample]] = {name: [] for name in languages(table)}
    for manifest in stages:
        lost = table.filter(pc.fill_null(pc.equal(table["stage"], manifest.stage), False))
        chosen = dropped(lake, manifest, smallest(lost, DROPPED, ["language", "reason"]))
        for language, samples in _by_language(chosen, table).items():
            gone[language] += samples
    return OfCrawl(
        funnel=of_crawl[0],
        no_documents=dropped_samples(lake, documents, DROPPED),
        languages=[
            OfLanguage(
                funnel=funnel,
                histograms=drawn[funnel.language],
                kept=stay.get(str(funnel.language), []),
                dropped=gone[str(funnel.language)],
            )
            for funnel in of_crawl[1:]
        ],
    )


def _by_language(samples: Sequence[Sample], table: pa.Table) -> dict[str, list[Sample]]:
    """Samples by the language that their document has in the table, reason by reason."""
    places = pc.index_in(
        pa.array([sample.doc_id for sample in samples], table["doc_id"].type), value_set=table["doc_id"]
    )
    found: dict[str, list[Sample]] = {}
    for language, sample in zip(pc.take(table["language"], places).to_pylist(), samples, strict=True):
        found.setdefault(language, []).append(sample)
    return {
        language: sorted(of_language, key=lambda sample: str(sample.reason)) for language, of_language in found.items()
    }
