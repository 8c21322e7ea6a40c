"""Viewing: a lake as a local web page: its documents, why each was kept or dropped, and marks of one's own.

lake -> snapshot (its datasets, and where each document is in them, in memory)
     -> catalog (a row a record, in memory) -> document_search     which documents
     -> document (page, blocks, text, rules, duplicates, trace)    one of them
labels -> agreement                                               marks, and how far rules agree with them
access, app, server                                               who may ask, what is answered, the socket
"""
