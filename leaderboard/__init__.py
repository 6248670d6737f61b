"""The name `pdbench.leaderboard` is reserved: submissions come in a later release. Holds no code."""
