"""Recipes: named configurations of the whole path, built in or a file. Two that agree up to a stage share all datasets
up to it."""
