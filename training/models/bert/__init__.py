"""BERT: an encoder that sees the tokens on both sides (Devlin et al. 2019). config -> encoder"""
