"""Running methods on datasets: plan, workers, bank, store and results."""
