"""The asset graph, thin: which dataset comes from which, under what partition, with what checks. No data code.

    crawl -> documents                  one partition a crawl
    clean -> trimmed -> signatures      one partition a crawl and recipe
    unique -> split -> items -----------------------------.
                  `-> tokenizer -> tokens -> shards -> checkpoint -> scores/*, learning_curve -> report    a recipe
    benchmarks/* (files of the user's) -> contamination -> split, and scores/*

assets: one function an asset        metadata: what a materialization shows        checks: what must hold
partitions, resources, instance      lineage: an asset's datasets and edges        definitions: all of it together
"""
