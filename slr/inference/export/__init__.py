"""Trained models as single files for other runtimes: ONNX, TorchScript, pt2; checked against torch."""
