"""Training: one loop for all models, the optimiser, batching, and interrupted runs."""
