"""Tuning: which settings of a recipe give the least loss on held-out text.

ranges        what may be chosen: bounds or choices of settings, as a person writes them
measures      what is compared: the held-out loss, or bits per byte of one set of texts where data differ
study         the trials so far, in Optuna's storage; what it may be continued with
trials        a trial: a recipe of the lake, trained through the asset graph; its losses, as they appear (watching)
search        one trial after the other, in one process or in several
comparison    the best of them and the base, trained again with new seeds
tuning        all of it      page: what a person looks at      study_file: what reports and Dagster read
"""
