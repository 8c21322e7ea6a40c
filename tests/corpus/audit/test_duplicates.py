"""Copies: clusters, hosts and similarities are those of the ledgers, whatever crawl the keeper is in."""

from __future__ import annotations

import pytest
from duplicates import GONE_TEXT, KEPT_TEXT, Deduplicated, make_duplicates
from stages import SPOKEN, page, publish

from corpus.audit.duplicates import LARGEST, MEMBERS, copies, members
from corpus.lake.schema import DROPPED, LEDGER, ledger_row
from corpus.lake.store import Lake


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deduplicated:
    return make_duplicates(Lake(str(tmp_path_factory.mktemp("lake"))))


def test_clusters_by_size(made: Deduplicated) -> None:
    found = copies(made.lake, made.uniques, 0.8)
    assert found.clusters == 3
    assert [(size.minimum, size.maximum, size.clusters, size.removed) for size in found.sizes] == [
        (2, 2, 2, 2),
        (10, 99, 1, 10),
    ]
    assert found.removed == {"near_duplicate": 9, "exact_duplicate": 2, "same_url": 1}
    assert sum(size.removed for size in found.sizes) == sum(found.removed.values())


def test_the_largest_comes_first_with_its_least_similar_members(made: Deduplicated) -> None:
    largest, *others = copies(made.lake, made.uniques, 0.8).largest
    assert (largest.keeper, largest.size) == (made.doc_id("old", 0), 11)
    # The page of the same URL was never compared, so it may be like nothing.
    assert list(largest.members) == [made.doc_id("old", 2), made.doc_id("new", 10), made.doc_id("new", 11)]
    assert [cluster.keeper for cluster in others] == sorted([made.doc_id("old", 3), made.doc_id("new", 20)])


def test_texts_of_members_and_keepers_across_crawls(made: Deduplicated) -> None:
    found = copies(made.lake, made.uniques, 0.8)
    of_largest = members(made.lake, made.uniques, found.largest)[0]
    assert [sample.reason for sample in of_largest] == ["same_url", "near_duplicate", "near_duplicate"]
    for sample in of_largest:
        assert sample.text == GONE_TEXT
        assert sample.keeper is not None and sample.keeper.text == KEPT_TEXT
        assert (sample.keeper.url, sample.keeper.warc_offset) == ("https://old.example/0", 0)


def test_hosts_that_lost_most_and_for_whom(made: Deduplicated) -> None:
    none, a, b = sorted(copies(made.lake, made.uniques, 0.8).hosts, key=lambda host: host.host)
    assert (none.host, none.came, none.removed, none.keepers) == ("", 2, 1, {"a.example": 1})
    assert (a.host, a.came, a.removed, a.keepers) == ("a.example", 20, 2, {"a.example": 2})
    assert (b.host, b.came, b.removed, b.keepers) == ("b.example", 38, 9, {"a.example": 8, "b.example": 1})
    assert [host.host for host in copies(made.lake, made.uniques, 0.8).hosts] == ["b.example", "a.example", ""]


def test_the_histogram_counts_near_duplicates(made: Deduplicated) -> None:
    found = copies(made.lake, made.uniques, 0.8).similarities
    assert found is not None and sum(found.counts) == 9
    assert (found.edges[0], found.edges[-1], round(found.median, 9)) == (0.8, 1.0, 0.84)
    assert found.counts[0] == 1 and found.counts[-1] == 1 and sum(found.counts[:8]) == 7


def test_one_crawl_alone_finds_what_stays_in_an_earlier_one(made: Deduplicated) -> None:
    found = copies(made.lake, made.uniques[1:], 0.8)
    assert found.clusters == 2 and found.largest[0].size == 9
    assert {host.host: host.keepers for host in found.hosts}[""] == {"a.example": 1}
    [sample, *_] = members(made.lake, made.uniques[1:], found.largest)[0]
    assert sample.keeper is not None and sample.keeper.text == KEPT_TEXT


def test_the_same_however_files_are_divided(made: Deduplicated, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_duplicates(Lake(str(tmp_path_factory.mktemp("lake"))), parts=5)
    assert copies(other.lake, other.uniques[::-1], 0.8) == copies(made.lake, made.uniques, 0.8)


def test_texts_are_those_that_were_compared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where a recipe cuts repeated text out, the clean documents still have it."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    stays, gone = page("one", 1, text="A story."), page("one", 2, text="A story!")
    whole = [{**one, "text": f"Accept all cookies. {one['text']}"} for one in (stays, gone)]
    clean = publish(lake, "clean", "one", [], {"documents": (SPOKEN, whole), "ledger": (LEDGER, [])})
    trimmed = publish(lake, "trimmed", "one", [clean], {"documents": (SPOKEN, [stays, gone]), "ledger": (LEDGER, [])})
    row = ledger_row(gone, "unique", DROPPED, "exact_duplicate", keeper=stays["doc_id"], similarity=1.0)
    unique = publish(lake, "unique", "one", [trimmed], {"documents": (SPOKEN, [stays]), "ledger": (LEDGER, [row])})
    [[sample]] = members(lake, [unique], copies(lake, [unique], 0.8).largest)
    assert sample.text == "A story!" and sample.keeper is not None and sample.keeper.text == "A story."


@pytest.mark.parametrize("cut", ["old", "new"])
def test_crawls_of_which_one_is_trimmed(cut: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As when a recipe begins to cut text out, and one crawl has not been made again."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    stays, gone = page("old", 1, host="a.example", text="A story."), page("new", 2, text="A story!")
    compared, signed = [], []
    for crawl, one in (("old", stays), ("new", gone)):
        whole = {**one, "text": f"Accept all cookies. {one['text']}"} if crawl == cut else one
        read = publish(lake, "clean", crawl, [], {"documents": (SPOKEN, [whole]), "ledger": (LEDGER, [])})
        if crawl == cut:
            read = publish(lake, "trimmed", crawl, [read], {"documents": (SPOKEN, [one]), "ledger": (LEDGER, [])})
        compared.append(read)
        signed.append(publish(lake, "signatures", crawl, [read], {}))
    duplicates = publish(lake, "duplicates", "new", [*compared, *signed], {})
    row = ledger_row(gone, "unique", DROPPED, "exact_duplicate", keeper=stays["doc_id"], similarity=1.0)
    files = {"documents": (SPOKEN, []), "ledger": (LEDGER, [row])}
    unique = publish(lake, "unique", "new", [compared[1], duplicates], files)
    found = copies(lake, [unique], 0.8)
    assert [host.keepers for host in found.hosts] == [{"a.example": 1}]
    [[sample]] = members(lake, [unique], found.largest)
    assert sample.text == "A story!" and sample.keeper is not None and sample.keeper.text == "A story."


def test_nothing_was_removed(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    files = {"documents": (SPOKEN, [page("one", 1)]), "ledger": (LEDGER, [])}
    found = copies(lake, [publish(lake, "unique", "one", [], files)], 0.8)
    assert found.clusters == 0 and not found.sizes and not found.hosts and found.similarities is None


def test_many_clusters_and_large_ones(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cluster n of 30 has n + 2 documents."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    keepers = [page("one", n, host=f"host{n}") for n in range(30)]
    gone = [
        ledger_row(
            page("one", 100 + 50 * n + copy, host="copier"),
            *("unique", DROPPED, "exact_duplicate"),
            keeper=keepers[n]["doc_id"],
            similarity=1.0,
        )
        for n in range(30)
        for copy in range(n + 1)
    ]
    files = {"documents": (SPOKEN, keepers), "ledger": (LEDGER, gone)}
    found = copies(lake, [publish(lake, "unique", "one", [], files)], 0.8)
    assert [cluster.size for cluster in found.largest] == [31 - n for n in range(LARGEST)]
    assert all(len(cluster.members) == MEMBERS for cluster in found.largest)
    assert [(size.minimum, size.clusters) for size in found.sizes] == [(2, 1), (3, 1), (4, 1), (5, 5), (10, 22)]
    [copier] = found.hosts
    assert copier.removed == copier.came == len(gone)
    assert copier.keepers == {"host29": 30, "host28": 29, "host27": 28}
