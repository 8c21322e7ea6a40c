"""Documents -> which of them go, each for one that stays.

banding      how alike is too alike, and the bands that find such pairs
shingles     text -> hashes of runs of words          urls: when two URLs name one page
minhash      shingles -> signatures -> keys
groups       keys -> documents that share one
candidates   documents of groups -> the sets of their shingles
clusters     groups and sets -> removals              removals: those of all steps as one
deduplication   all of it in one process
"""
