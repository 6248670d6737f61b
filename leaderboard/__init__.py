"""The leaderboard: submissions, which are data and never code, and how they are verified.

Reading a board needs no torch:

    board = read_board(find_board("leaderboard"))
    for entry in board.entries:
        board.level(entry), entry.card, entry.leaks, entry.record("set14")
"""

from pdbench.leaderboard.board import LEVELS, Board, find_board, read_board
from pdbench.leaderboard.submission import Entry, read_entry

__all__ = ["LEVELS", "Board", "Entry", "find_board", "read_board", "read_entry"]
