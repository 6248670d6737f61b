"""Freed memory stays with the process, so that the next tensor need not be paid for again."""

import subprocess
import sys

import pytest

PAGES = """
import resource, torch
from pdbench.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.ones(2**24)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
print(keep_freed_memory())
for _ in range(8):  # until the heap has room for a tensor and what aligns it
    kept = faults()
print(given_back, kept)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_a_tensor_takes_the_pages_of_the_one_before():
    found = subprocess.run(
        [sys.executable, "-c", PAGES], capture_output=True, text=True, check=True
    ).stdout.split()
    if found[0] == "False":
        pytest.skip("another allocator than glibc's")
    given_back, kept = map(int, found[1:])
    assert kept < given_back / 10
