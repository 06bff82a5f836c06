"""Writes a prior bundle of foehn: weights.safetensors and domain.nc."""

import json
import os
import struct

import numpy as np

from .fields import LEVELS


def write_whole(path, write):
    """Writes a file beside its final name, syncs and renames it: it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_safetensors(path, arrays, metadata):
    """8 bytes of header length, a JSON header padded to 8 bytes, the tensors' bytes in order of name."""
    types = {"<f2": "F16", "<f4": "F32"}
    header, end = {"__metadata__": metadata}, 0
    for name in sorted(arrays):
        start, end = end, end + arrays[name].nbytes
        header[name] = {"dtype": types[arrays[name].dtype.str], "shape": list(arrays[name].shape),
                        "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(arrays):
            file.write(arrays[name].tobytes())


def write_domain(path, variables, quantiles, grid, options):
    import netCDF4

    with netCDF4.Dataset(path, "w") as file:
        (y, _), (x, _) = grid["y"], grid["x"]

        def define(name, kind, dimensions, values, **attributes):
            variable = file.createVariable(name, kind, dimensions)
            variable.setncatts(attributes)
            variable[...] = values

        file.createDimension("variable", len(variables))
        file.createDimension("level", len(LEVELS))
        for name, values in (grid["y"], grid["x"]):
            file.createDimension(name, len(values))
        define("level", "f8", ("level",), LEVELS, long_name="probability of a quantile", units="1")
        define("quantile", "f8", ("variable", "level"), quantiles,
               long_name="quantile over all cells and instants, in the variable's unit")
        rotated = "pole" in grid
        for letter, quantity, east in (("y", "latitude", "north"), ("x", "longitude", "east")):
            name, values = grid[letter]
            define(name, "f8", (name,), values, axis=letter.upper(),
                   standard_name=f"grid_{quantity}" if rotated else quantity,
                   units="degrees" if rotated else f"degrees_{east}")
        if rotated:
            for name, quantity, east in (("lat", "latitude", "north"), ("lon", "longitude", "east")):
                define(name, "f8", (y, x), grid[name], standard_name=quantity, units=f"degrees_{east}")
            define("rotated_pole", "i4", (), 0, grid_mapping_name="rotated_latitude_longitude", **grid["pole"])
        file.setncatts({
            "Conventions": "CF-1.11",
            "title": "domain of a foehn prior",
            "normalisation": options.normalisation,
            "variable_names": ", ".join(name for name, _, _ in variables),
            "variable_standard_names": ", ".join(standard_name for _, standard_name, _ in variables),
            "variable_units": ", ".join(units for _, _, units in variables),
            "calendar": options.calendar,
            "step_seconds": np.int64(options.step_seconds),
        })


def write_bundle(folder, architecture, arrays, variables, quantiles, grid, options):
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "domain.nc", lambda path: write_domain(path, variables, quantiles, grid, options))
    metadata = {"foehn.kind": "score-unet", "foehn.architecture": json.dumps(architecture),
                "foehn.schedule": json.dumps({"name": "vp-cosine", "eta": 0.001})}
    write_whole(folder / "weights.safetensors", lambda path: write_safetensors(path, arrays, metadata))
