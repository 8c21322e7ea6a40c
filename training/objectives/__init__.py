"""Objectives: what a model learns from a sequence: a function from sequences to the inputs and targets of a model.

objective (what they have in common) -> one file each -> examples (a loader's batches, made into a model's)
"""
