"""Shard: tokens -> WebDataset tars and their index, for the training pages and for the held-out ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from corpus.lake import stages
from corpus.lake.manifest import Manifest
from corpus.lake.schema import LEDGER
from corpus.lake.stage import Outcome, Stage, json_values
from corpus.lake.stages import kinds_read
from corpus.lake.store import Lake, file_sha256
from corpus.shards.format import Chunk, Document, Index, Shard, convert_to_tokens, token_dtype, write_shard
from corpus.shards.mix import Mix, MixConfig, spread_copies
from corpus.tokenizer.vocabulary import Vocabulary
from pipelines.engine import Engine
from pipelines.mix import KIND, LeftOut, TokenFile, find_pages, left_out, lose, take, with_pages
from pipelines.parts import FileSplit, Part, Work, file_splits, read_rows
from pipelines.plan import Plan, compute, each_split_then
from pipelines.tokenization import SPLITS
from pipelines.vocabulary import tokenizer_bytes

STAGE = stages.SHARDS
VERSION = 2


@dataclass(frozen=True, kw_only=True)
class ShardConfig:
    """A chunk (one sample of a tar) is closed before the document that would take it over `chunk_tokens`; a document
    that is longer by itself is a chunk of its own. Without a `mix`, every training document is taken once."""

    chunk_tokens: int = 1 << 20
    chunks_per_shard: int = 64
    mix: MixConfig | None = None

    def __post_init__(self) -> None:
        for name in ("chunk_tokens", "chunks_per_shard"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: at least 1 is needed")


@dataclass(frozen=True, kw_only=True)
class ShardSplit:
    """One tar: the numbers of the documents of each of its chunks. `records`: how many of them are met for the first
    time, which are those that it accounts for."""

    name: str
    weight: int
    kind: str
    number: int
    records: int
    chunks: tuple[Sequence[int] | np.ndarray, ...]


def shard(lake: Lake, tokens: Manifest, tokenizer: Manifest, config: ShardConfig, engine: Engine) -> Outcome:
    """Publishes train/ and heldout/, each with index.json and tars that stock webdataset reads, and with a mix a ledger
    of the training documents that it leaves out.

    Raises ValueError when the tokens were made with another tokenizer, and for a mix that these documents do not give.
    """
    vocabulary = Vocabulary(tokenizer_bytes(lake, tokenizer))
    made_with, given = tokens.inputs.get(tokenizer.name), tokenizer.content(kinds_read(stages.TOKENS, tokenizer.stage))
    if made_with != given:
        raise ValueError(
            f"{tokens.name} was made with a tokenizer of the content {made_with}, given is {given}: take the "
            f"tokenizer that was printed beside these tokens"
        )
    pages = find_pages(lake, tokens) if config.mix is not None else None
    stage = Stage(
        name=STAGE,
        partition=tokens.partition,
        version=VERSION,
        config=config,
        datasets=[tokens, tokenizer, *(pages.datasets if pages else [])],
        libraries={"numpy": np.__version__},  # it writes the headers of the arrays
    )

    def plan() -> Plan:
        splits: list[ShardSplit | LeftOut] = []
        files, made = {}, None
        for kind in SPLITS:
            files[kind], lengths = _token_files(lake, tokens, kind)
            order: Sequence[int] | np.ndarray = range(len(lengths))
            first = np.ones(len(lengths), bool)
            if config.mix is not None and pages is not None and kind == KIND:
                files[kind] = with_pages(lake, pages, files[kind])
                made, copies = take(lake, files[kind], lengths, config.mix)
                order, first = spread_copies(copies)
                splits += left_out(files[kind], copies)
            splits += _shards(kind, lengths, order, first, config)
        folder = lake.path(stage.name, stage.address)
        work = WriteShard(vocabulary.digest, vocabulary.size, files, config.mix, made)
        index = WriteIndex(tokenizer, folder, [split.name for split in splits], made)
        return each_split_then(splits, work, index, [tokens])

    return compute(lake, stage, engine, plan)


def _token_files(lake: Lake, tokens: Manifest, kind: str) -> tuple[list[TokenFile], np.ndarray]:
    """The files of a kind, and the length of each of their documents, int64 (documents,)."""
    files, lengths = [], [np.empty(0, np.int64)]
    for part in file_splits(lake, {kind: [tokens]}):
        files.append(TokenFile(name=part.name, path=part.paths[kind], first=sum(map(len, lengths))))
        lengths.append(lake.read_table(part.paths[kind], ["length"])["length"].to_numpy())
    return files, np.concatenate(lengths)


def _shards(
    kind: str, lengths: np.ndarray, order: Sequence[int] | np.ndarray, first: np.ndarray, config: ShardConfig
) -> Iterator[ShardSplit]:
    """`order`: the documents to write, by number; `first`: whether each is met there for the first time."""
    sizes = lengths[np.asarray(order, np.int64)]
    ends = np.cumsum(sizes)
    cuts = [0]
    while cuts[-1] < len(ends):
        before = ends[cuts[-1] - 1] if cuts[-1] else 0
        fitting = int(np.searchsorted(ends, before + config.chunk_tokens, side="right"))
        cuts.append(max(fitting, cuts[-1] + 1))
    for number, start in enumerate(range(0, len(cuts) - 1, config.chunks_per_shard)):
        some = cuts[start : start + config.chunks_per_shard + 1]
        yield ShardSplit(
            name=f"{kind}-{number:06d}",
            weight=int(sizes[some[0] : some[-1]].sum()),
            kind=kind,
            number=number,
            records=int(first[some[0] : some[-1]].sum()),
            chunks=tuple(order[one:other] for one, other in pairwise(some)),
        )


class WriteShard(Work):
    schemas = {}

    def __init__(
        self,
        tokenizer: str,
        vocab_size: int,
        files: Mapping[str, Sequence[TokenFile]],
        config: MixConfig | None,
        made: Mix | None,
    ) -> None:
        self.tokenizer, self.vocab_size, self.files = tokenizer, vocab_size, files
        self.config, self.made = config, made
        if made is not None:
            self.schemas = {"ledger": LEDGER}

    def process(self, lake: Lake, split: ShardSplit | LeftOut, part: Part) -> None:
        if isinstance(split, LeftOut):
            assert self.config is not None and self.made is not None
            lose(lake, split, part, STAGE, self.config, self.made)
            return
        path = part.scratch / f"shard-{split.number:06d}.tar"
        chunks = (
            (f"{split.number:06d}-{place:04d}", self._documents(lake, split.kind, numbers))
            for place, numbers in enumerate(split.chunks)
        )
        written = write_shard(path, chunks, self.tokenizer)
        documents = sum(chunk.documents for chunk in written.chunks)
        part.put(path, f"{split.kind}/{path.name}", documents)
        part.pass_through(split.records)
        part.notes = {"kind": split.kind, "number": split.number, "shard": asdict(written)}

    def _documents(self, lake: Lake, kind: str, numbers: Sequence[int] | np.ndarray) -> list[Document]:
        files, wanted = self.files[kind], np.asarray(numbers)
        owners = np.searchsorted([file.first for file in files], wanted, side="right") - 1
        found: dict[int, Document] = {}
        for owner in np.unique(owners).tolist():
            mine = np.flatnonzero(owners == owner)
            table = lake.read_places(files[owner].path, wanted[mine] - files[owner].first, ["doc_id", "tokens"])
            ids = table["tokens"].combine_chunks()
            tokens = convert_to_tokens(ids.flatten().to_numpy(), self.vocab_size)
            pieces = np.split(tokens, np.cumsum(ids.value_lengths().to_numpy())[:-1])
            for place, doc_id, piece in zip(mine.tolist(), table["doc_id"].to_pylist(), pieces, strict=True):
                found[place] = Document(doc_id=doc_id, tokens=piece)
        return [found[place] for place in range(len(wanted))]


class WriteIndex(Work):
    """index.json of each kind, of the tars that are written."""

    schemas = {}

    def __init__(self, tokenizer: Manifest, folder: str, parts: Sequence[str], mix: Mix | None) -> None:
        self.tokenizer, self.folder, self.parts, self.mix = tokenizer, folder, parts, mix

    def process(self, lake: Lake, split: FileSplit, part: Part) -> None:
        vocabulary = Vocabulary(tokenizer_bytes(lake, self.tokenizer))
        rows = read_rows(lake, self.folder, self.parts)
        written = [row["notes"] for row in rows if row["notes"] is not None]
        if self.mix is not None:
            part.detail("mix", json_values(asdict(self.mix)))
        for kind in SPLITS:
            notes = sorted((note for note in written if note["kind"] == kind), key=lambda note: note["number"])
            index = Index(
                dtype=token_dtype(vocabulary.size).str,
                vocab_size=vocabulary.size,
                eos=vocabulary.eos,
                tokenizer=vocabulary.digest,
                shards=tuple(
                    Shard(**{**note["shard"], "chunks": tuple(Chunk(**chunk) for chunk in note["shard"]["chunks"])})
                    for note in notes
                ),
                mix=self.mix if kind == KIND else None,
            )
            path = part.scratch / f"{kind}-index.json"
            path.write_bytes(index.to_bytes())
            part.put(path, f"{kind}/index.json", len(index.shards))
            part.figure(f"{kind}_tokens", index.tokens)
            part.figure(f"{kind}_documents", index.documents)
            part.detail(f"{kind}_fingerprint", file_sha256(path))
