"""Training: one loop for every model, its losses, its unfinished runs, and what it leaves on disk."""
