"""ALBERT: an encoder whose layers share their weights, with narrow embeddings (Lan et al. 2020). config -> encoder"""
