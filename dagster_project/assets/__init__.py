"""Assets: one function an asset, in files by what they make: crawls, documents, tokens, model, scores, report."""
