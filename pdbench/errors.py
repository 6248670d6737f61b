"""Errors whose message is one sentence for the user: what is wrong and what to do."""

__all__ = [
    "InputError",
    "MetricUndefined",
    "NonFiniteImage",
    "PdbenchError",
    "WeightsUnavailable",
    "first_line",
    "system_reason",
]  # fmt: skip


class PdbenchError(Exception):
    """Base of all errors raised on purpose; the CLI prints it as one line, exit code 2."""


class InputError(PdbenchError):
    """What the user asked for cannot be done: an unknown id, a corrupt or mismatched file."""


class WeightsUnavailable(PdbenchError):
    """Weights of a metric or a network cannot be had on this machine; the message says why."""


class MetricUndefined(PdbenchError):
    """A metric declines to score this image (too small, NaN); n/N shows the empty cell."""


class NonFiniteImage(PdbenchError):
    """An image holds NaN or infinity; the harness marks that output as failed and goes on."""


def system_reason(error: OSError) -> str:
    """Return what the system says of a refusal, as part of a sentence ("permission denied")."""
    return (error.strerror or "refused").lower()


def first_line(error: BaseException) -> str:
    """Return what foreign code says of its failure, in one line ("KeyError: 'rows'")."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
