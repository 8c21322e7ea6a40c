"""Assets, a file for each reach of the river: crawl, documents, tokens, model, scores, report."""
