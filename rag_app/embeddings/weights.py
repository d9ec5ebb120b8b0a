"""The tensors of a file of weights."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Map the 32-bit tensors of a safetensors file: a JSON header of offsets, then the values.

    Parameters
    ----------
    path : pathlib.Path
        The file; nothing is copied into memory.
    """
    data = np.memmap(path, np.uint8, "r")
    (size,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + size].tobytes())
    tensors = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = data[start:end].view(np.float32).reshape(entry["shape"])
    return tensors
