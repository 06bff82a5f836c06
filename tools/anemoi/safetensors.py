"""Reads safetensors files with NumPy alone."""

import json
import math
import struct

import numpy as np

from climate2weather.problem import Problem

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "BOOL": "?"}
MOST_HEADER_BYTES = 100_000_000


def as_floats(array, kind):
    if kind != "BF16":
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32


def read_safetensors(path):
    """All tensors by name, and the metadata."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error
    size = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else MOST_HEADER_BYTES
    if size >= MOST_HEADER_BYTES or 8 + size > len(content):
        raise Problem(f"{path}: no safetensors file: its header does not fit into it")
    try:
        header = json.loads(content[8:8 + size])
        metadata = header.pop("__metadata__", {})
        arrays = {}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            kind, shape = entry["dtype"], entry["shape"]
            if kind not in TYPES:
                raise Problem(f"{path}: tensor '{name}': type {kind}, expected one of {', '.join(TYPES)}")
            expected = math.prod(shape) * np.dtype(TYPES[kind]).itemsize
            if not 0 <= first <= end <= len(content) - 8 - size or end - first != expected:
                raise Problem(f"{path}: tensor '{name}': {shape} of {kind} are {expected} bytes, found {first} to {end}")
            values = np.frombuffer(content, TYPES[kind], math.prod(shape), 8 + size + first)
            arrays[name] = as_floats(values.reshape(shape), kind)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{path}: its header is broken: {error}") from error
    return arrays, metadata
