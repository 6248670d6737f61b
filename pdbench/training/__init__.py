"""Training: recipes, the loop, checkpoints, optimisers."""
