"""Compress: a trained checkpoint in, a smaller one out, or a file for another runtime.

plan -> structure (fewer layers and heads) -> sparsity (weights set to zero) -> further (training on, perhaps on a
teacher's predictions: distillation) -> quantization (rounding, calibration) -> published, a folder like any checkpoint

gguf_file, onnx_graph: the same model for llama.cpp and ONNX Runtime
"""
