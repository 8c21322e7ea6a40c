"""Cards: what a published dataset tells of itself, in files beside its manifest, to those who take it elsewhere.

    split          README.md       Hugging Face's dataset card, by which `datasets.load_dataset` reads the Parquet files
                   croissant.json  Croissant 1.0: every file with its SHA-256, every column
    shards         croissant.json  the tars, and the documents in them with the place of each in the crawl
    checkpoint     README.md       Hugging Face's model card

A card follows from manifests, from the schema of a Parquet or safetensors file, and for a model from the scores and the
risks that the lake has of it. No manifest names it, so it is in no digest, and it may be written again at any time: the
bytes are the same. It tells how the dataset was made when it was published, whichever recipe finds it afterwards.
"""
