"""Questions that a lake answers, asked from Python: as a whole, or cell by cell in an editor that knows "# %%".

    python docs/questions.py LAKE CRAWL RECIPE

CRAWL is what `headwater demo --crawl` takes. Models are trained: with the recipe `demo` on the crawl `stdlib` it takes
some minutes. What is there already is found again.
"""

import sys

import headwater

lake, crawl, recipe = sys.argv[1:]

# %% From the crawl to scores.
report = headwater.run(recipe, crawls=[crawl], lake=lake)
print(report.pages, "pages,", report.train_documents, "documents to train on,", report.train_tokens, "tokens")
view = headwater.open(lake, recipe)
for score in view.scores().to_pylist():
    print(score["task"], score["metric"], score["value"], [score["low"], score["high"]])

# %% Why is a page missing? One that a rule stopped, with what was measured.
dropped = view.ledger("clean").to_pylist()
if dropped:
    [page] = view.trace(dropped[0]["doc_id"].hex())
    for outcome in page.stages:
        print(outcome.stage, outcome.reason or "kept", outcome.detail or "")
    print("its record, read again:", page.record, "-", page.claim)

# %% What became of a host?
kept = view.documents("split", ["url", "host", "text"]).to_pylist()
host = view.trace_host(kept[0]["host"])
print(host.host, host.records, "records")
for outcome in host.stages:
    print(outcome.stage, outcome.kept, "kept", dict(outcome.dropped))

# %% Where does a sentence come from?
[text] = view.trace_text(" ".join(kept[0]["text"].split()[:20]))
for span in text.spans:
    print(repr(span.text), span.occurrences, [document.url for document in span.documents])
print(text.claim)

# %% What did a training step read, and what is a score made of?
[step, *_] = view.trace_step(1)
print(sorted({str(document.url) for sequence in step.sequences.values() for document in sequence})[:3])
[score, *_] = view.trace_score("bits_per_byte")
print(score.score.value, [source.name for source in score.inputs])

# %% Which documents hold these words?
found = view.search(next(word for word in kept[0]["text"].split() if len(word) > 4 and word.isalpha()))
print(found.matching, "of", found.searched, [document.url for document in found.documents])

# %% Is a stage what its recipe gives?
for rebuilt in headwater.rebuild(recipe, "clean", lake=lake):
    print(rebuilt.place.stage, rebuilt.place.partition, rebuilt.status)

# %% What is made of a page, and a lake without it.
url = str(kept[-1]["url"])
holdings = headwater.find_holdings(url, lake=lake)
print(url, "is in", dict(holdings.records), "of", [one.recipe for one in holdings.recipes])
certificate = headwater.forget(url, lake=lake)
if certificate:
    print(
        certificate.own_runs,
        "runs of words looked for in",
        certificate.tokens,
        "tokens,",
        len(certificate.found),
        "found",
    )
print(len(headwater.collect(lake=lake)), "datasets that no recipe needs are deleted")

# %% What would one changed rule do, what would that cost, and what could be seen?
settings = {"clean.rules.gopher_words.minimum": 60}
forecast = headwater.forecast_ablation(recipe, settings, seeds=1, crawls=[crawl], lake=lake)
print("reused", forecast.reused, "seconds", forecast.seconds, "effects", dict(forecast.effects))

# %% And what does it do?
ablation = headwater.ablate(recipe, settings, seeds=1, crawls=[crawl], lake=lake)
changed = ablation.changed_documents  # an Arrow table
print(changed.group_by(["change", "stage", "reason"]).aggregate([("doc_id", "count")]).to_pylist())
for task in ablation.scores.tasks if ablation.scores else ():
    print(task.task, task.difference.value, task.p_holm, task.better or "not distinguishable")

# %% Two recipes that are scored already.
if ablation.scores:
    compared = headwater.compare(ablation.a[0], ablation.b[0], lake=lake)
    print([(task.task, task.difference.value) for task in compared.tasks])
