"""Does the best learning rate stay where it is as a model gets wider? `make bench-tune`. runs: a width and a rate
each."""
