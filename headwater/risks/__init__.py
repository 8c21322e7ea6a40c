"""Risks: what a checkpoint, and the filters of the recipe behind it, may do wrong, in one table.

texts       training and held-out texts: of a recipe of the lake, or of files
filters     which documents quality rules drop: by language, country of the host, topics and spelling
page        all findings (training/risks) as risks.md
"""
