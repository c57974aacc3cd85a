"""The GPU's memory, for the metrics."""

from functools import partial

import torch

from core import metrics


def tell_memory(device: torch.device) -> None:
    """Let every scrape ask for the memory of a CUDA `device`; other devices have none to tell."""
    if device.type != "cuda":
        return
    name = f"cuda:{device.index or 0}"
    told = partial(metrics.GPU_MEMORY.labels, name)
    told("used").set_function(partial(torch.cuda.memory_allocated, name))
    told("reserved").set_function(partial(torch.cuda.memory_reserved, name))
    told("total").set(torch.cuda.get_device_properties(name).total_memory)
