"""Lake: immutable, content-addressed datasets, and what every one of them has.

    files in the making -> store (a folder or any fsspec URL) -> a published dataset with its manifest

`schema` has the tables that pass between stages; `download` fetches one file, whole or not at all.
"""
