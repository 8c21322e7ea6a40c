"""Files of documents of any origin -> their texts and rows.

tables       Parquet and JSON lines, one file each      columns: the types of ids and values
collection   several of them as one
"""
