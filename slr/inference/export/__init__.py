"""Trained models as single files for other runtimes: ONNX, TorchScript; checked against torch."""
