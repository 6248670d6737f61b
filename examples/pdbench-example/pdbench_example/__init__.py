"""One method, one metric and one dataset for pdbench."""
