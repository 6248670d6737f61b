"""What all benchmarks share: one thread, and CPU seconds, which a busy machine disturbs least.

    OMP_NUM_THREADS=1 python -m pytest benchmarks

Ours and the original are in one group: its table gives their ratio in parentheses.
"""

import time

import pytest
import torch


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=time.process_time))
        item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)
