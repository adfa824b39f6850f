"""Half precision where the processor has instructions for it: elsewhere it is many times slower."""

import functools

import torch


@functools.cache
def has_half_precision(kind: str) -> bool:
    return kind != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def mixed(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_half_precision(device.type))
