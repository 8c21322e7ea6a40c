"""Ops: tensors in, tensors and gradients out, faster or smaller than PyTorch's own.

fused: the operations of a layer on a CPU;  loss: cross entropy that never holds all logits;
orthogonal: what Muon makes of a matrix;  pool: the threads of a CPU
"""
