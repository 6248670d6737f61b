"""Training: recipes, the loop, checkpoints, optimizers."""
