"""Files of documents of any origin -> their texts and rows.

tables       Parquet and what reads a file              columns: the types of ids and values
row_tables   JSON lines and CSV
collection   several of them as one
"""
