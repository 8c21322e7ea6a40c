"""The asset graph, thin: which dataset comes from which, under what partition, with what checks. No data code.

    crawl                                           a partition a crawl
      `-> documents -> clean -> trimmed -> signatures          a crawl and recipe
            `-> unique -> contamination -> split -> items -------------------------.
                           |                 `-> tokenizer -> tokens -> shards -> checkpoint
                           |       scores/*, learning_curve -> report <-'            all of them a recipe
                           |       checkpoint -> finetuned -> finetuned_score, risks, shrunk
                 benchmark (files of the user's)    a task    benchmark_score          a task and recipe
    recipe                                          a recipe: read by all that it configures

assets: one function an asset          stage_assets: what each says of itself     metadata: what is shown of it
partitions, partition_jobs, lineage    checks, file_checks: what must hold        resources, instance: where
sensors, schedules, automation, watching: what is computed without being asked    definitions: all of it together
"""
