"""How one image comes from the baselines: the methods the benchmark ranks.

Importing this loads no torch: the command line answers ids by it.
"""

from __future__ import annotations

from pdbench.harness.method import Method
from pdbench.methods import average, blend, median, srflow_da
from pdbench.methods.family import Family
from pdbench.registry import Registry, unknown_id

__all__ = [
    "FAMILIES", "METHODS", "SUITES", "is_known", "list_ids", "names", "resolve", "spelled_out",
]  # fmt: skip

METHODS: Registry[Method] = Registry(
    "method",
    places={
        "bicubic": "pdbench.methods.bicubic:METHOD",
        "rrdb": "pdbench.methods.rrdb:METHOD",
        "esrgan-plus": "pdbench.methods.esrgan_plus:METHOD",
        "fusion-l1": "pdbench.methods.fusion:L1",
        "fusion-lpips": "pdbench.methods.fusion:LPIPS",
    },
    group="pdbench.methods",
    accepts=Method,
    reserved=lambda name: name in SUITES or any(family.claims(name) for family in FAMILIES),
)
FAMILIES: Registry[Family] = Registry(
    "method family", [srflow_da.FAMILY, average.FAMILY, median.FAMILY, blend.FAMILY]
)

SUITES: dict[str, tuple[str, ...]] = {
    "table1": (
        "bicubic",
        "rrdb",
        "esrgan-plus",
        "srflow-da[tau=0.1]",
        "srflow-da[tau=0.5]",
        "srflow-da[tau=0.9]",
        "average-5",
        "average-25",
        "median-5",
        "median-25",
        "fusion-l1",
        "fusion-lpips",
    ),
    "tau-sweep": tuple(f"srflow-da[tau={tau / 10:g}]" for tau in (0, 1, 3, 5, 7, 8, 9, 10)),
    "k-sweep": (
        *(f"average-{k}" for k in (1, 2, 5, 10, 25)),
        *(f"median-{k}" for k in (1, 2, 5, 10, 25)),
    ),
    "blend-sweep": tuple(f"blend[alpha={alpha / 4:g}]" for alpha in range(5)),
}
"""Named lists of methods; `table1` holds bicubic and the rows of the paper's Table 1 in its
order, the sweeps are paths through the plane."""


def list_ids() -> list[str]:
    """Return the ids of all methods that can be used, with a few members of each family."""
    return [*METHODS.ids(), *(example for family in FAMILIES for example in family.examples)]


def names() -> list[str]:
    """Return the same ids without loading any method, those of broken plug-ins included."""
    return [*METHODS.names(), *(example for family in FAMILIES for example in family.examples)]


def spelled_out(name: str) -> str:
    """Return the id that a spelling without brackets stands for, "srflow-da:0.9" for example."""
    for family in FAMILIES:
        name = family.spelled_out(name)
    return name


def is_known(name: str) -> bool:
    """Tell whether a method has this id; loads none.

    Raises:
        InputError: A family's parameter is out of range.
    """
    return any(family.match(name) for family in FAMILIES) or name in METHODS


def resolve(name: str) -> Method:
    """Return the one method with this id.

    Raises:
        InputError: Unknown id (names the close matches), a parameter out of range, or a plug-in
            that cannot be used.
    """
    for family in FAMILIES:
        if method := family.match(name):
            return method
    if name in METHODS:
        return METHODS.get(name)
    raise unknown_id("method", name, names())
