"""Serving: a trained checkpoint behind an HTTP interface as OpenAI's, so that programs written for that can ask it.

served_model: a folder -> model, tokenizer, conversations
rows, answer_text -> engine: requests that join and leave between steps, each answered as it would be alone
embeddings: vectors of an encoder
prompt_bits -> baseline: held-out texts as the model reads them -> drift: how far the prompts are from them
prompt_log: what was asked and answered, where that is wanted
schemas, errors, access, metrics, logs, service -> app: the routes
server: a bound socket, an end that lets answers finish
"""
