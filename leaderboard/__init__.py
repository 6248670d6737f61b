"""Reserved: leaderboard submissions come in a later release; there is no code here yet."""
