"""The asset graph, thin: which dataset comes from which, under what partition, with what checks. No data code.

crawl -> documents            one partition a crawl
clean -> trimmed -> signatures          one partition a crawl and recipe
unique -> split -> items -----------------------------.
              `-> tokenizer -> tokens -> shards -> checkpoint -> scores/*, learning_curve -> report       a recipe
benchmarks/* (files of the user's) -> contamination -> split, and scores/*

recipes: named configurations    resources: lake, engine    lineage: an asset's dataset, found by its event
checks, figures, pages: what a materialization shows
demo, trace, inspect, extract, dedup, terminal, cli: the `headwater` command
"""
