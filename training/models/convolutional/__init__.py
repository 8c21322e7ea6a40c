"""Convolutional: a gated convolutional language model (Dauphin et al. 2017). config -> network"""
