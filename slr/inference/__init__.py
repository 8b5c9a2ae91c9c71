"""Inference with a trained model: prediction, attribution, features, videos of any length, streams."""
