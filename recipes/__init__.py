"""Recipes: named configurations of the whole path. Two that agree up to a stage share all datasets up to it."""
