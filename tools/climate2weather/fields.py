"""Reads quantiles and grid of the fields that a network was trained on."""

import csv
import json
from pathlib import Path

import numpy as np

from .problem import Problem

LEVELS = (0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
# The two quantiles whose difference is the unit of normalised fields.
RANGES = {"minmax": (0, 1), "robust": (0.25, 0.75), "robust95": (0.05, 0.95), "quant95": (0.05, 0.95),
          "quant99": (0.01, 0.99)}


def open_netcdf(path):
    try:
        import netCDF4
    except ImportError as error:
        raise Problem(f"{path}: netCDF4 is needed (Debian: python3-netcdf4), but {error}") from error
    file = netCDF4.Dataset(path)
    file.set_always_mask(False)
    return file


def read_netcdf_quantiles(path, names):
    with open_netcdf(path) as file:

        def along(variable):
            dimension = variable.dimensions[-1]
            if dimension not in file.variables:
                raise Problem(f"variable {variable.name}: dimension {dimension} has no coordinate with the levels")
            return [float(level) for level in file.variables[dimension][:]]

        table = file.variables.get("quantile")
        if table is not None and table.ndim == 2:
            stated = getattr(file, "variable_names", None)
            rows = stated.split(", ") if stated else list(names)
            if len(rows) != table.shape[0]:
                raise Problem(f"quantile has {table.shape[0]} rows, expected {len(rows)} ({', '.join(rows)})")
            return {name: dict(zip(along(table), map(float, row))) for name, row in zip(rows, table[:])}
        found = {}
        for name in names:
            if name not in file.variables:
                raise Problem(f"no variable {name}; it has {', '.join(file.variables)}")
            variable = file.variables[name]
            if variable.ndim != 1:
                raise Problem(f"variable {name}: expected one dimension (quantile), found {variable.dimensions}")
            found[name] = dict(zip(along(variable), map(float, variable[:])))
        return found


def read_json_quantiles(path, _):
    content = json.loads(Path(path).read_text())
    return {name: {float(level): float(value) for level, value in levels.items()} for name, levels in content.items()}


def read_csv_quantiles(path, _):
    with open(path, newline="") as file:
        header, *lines = [line for line in csv.reader(file) if line]
    levels = [float(level) for level in header[1:]]
    return {line[0].strip(): dict(zip(levels, map(float, line[1:]))) for line in lines}


def read_npy_quantiles(path, names):
    values = np.load(path, allow_pickle=False)
    if values.shape != (len(names), len(LEVELS)):
        raise Problem(f"expected an array [{len(names)}, {len(LEVELS)}], found {list(values.shape)}")
    return {name: dict(zip(LEVELS, map(float, row))) for name, row in zip(names, values)}


QUANTILE_READERS = {".nc": read_netcdf_quantiles, ".json": read_json_quantiles, ".csv": read_csv_quantiles,
                    ".npy": read_npy_quantiles}


def read_quantiles(path, names, mode):
    """Returns [variable, level] in the variables' units, checked."""
    reader = QUANTILE_READERS.get(Path(path).suffix)
    if reader is None:
        raise Problem(f"{path}: expected a file that ends in {', '.join(QUANTILE_READERS)}")
    try:
        found = reader(path, names)
        rows = [quantile_row(found, name) for name in names]
        for name, row in zip(names, rows):
            low, high = (row[LEVELS.index(level)] for level in RANGES[mode])
            if not high > low:
                raise Problem(f"{name}: the quantiles {RANGES[mode]} of {mode} are equal ({low:g}): it does not vary")
    except (Problem, OSError, ValueError, AttributeError, TypeError) as error:
        raise Problem(f"{path}: {error}") from error
    return np.array(rows)


def quantile_row(found, name):
    if name not in found:
        raise Problem(f"no quantiles of {name}; it has {', '.join(found)}")
    row = []
    for wanted in LEVELS:
        values = [value for level, value in found[name].items() if abs(level - wanted) < 1e-6]
        if len(values) != 1:
            raise Problem(f"{name}: expected one value at level {wanted}, found {len(values)}; it has levels "
                          f"{', '.join(f'{level:g}' for level in found[name])}")
        row.append(values[0])
    if not np.isfinite(row).all() or (np.diff(row) < 0).any():
        raise Problem(f"{name}: expected finite quantiles that do not fall, found {row}")
    return row


def find_axis(file, standard_name, names):
    """The 1-D coordinate variable of a standard name, else of one of the usual names."""
    candidates = [v for v in file.variables.values() if v.ndim == 1 and v.dimensions == (v.name,)]
    for variable in candidates:
        if getattr(variable, "standard_name", "") == standard_name:
            return variable
    return next((variable for variable in candidates if variable.name in names), None)


def read_grid(path, crop):
    """Returns the axes ((name, values) of y and x) and, of a rotated grid, its pole and 2-D coordinates."""
    try:
        with open_netcdf(path) as file:
            y = find_axis(file, "grid_latitude", ("rlat",))
            x = find_axis(file, "grid_longitude", ("rlon",))
            rotated = y is not None and x is not None
            if not rotated:
                y = find_axis(file, "latitude", ("lat", "latitude"))
                x = find_axis(file, "longitude", ("lon", "longitude"))
            if y is None or x is None:
                raise Problem("expected 1-D coordinates lat and lon, or rlat and rlon; it has "
                              f"{', '.join(file.variables)}")
            rows, columns = crop_slices(crop, len(y), len(x))
            grid = {"y": (y.name, y[rows].astype(float)), "x": (x.name, x[columns].astype(float))}
            for name, values in (grid["y"], grid["x"]):
                steps = np.diff(values)
                if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
                    raise Problem(f"{name}: expected values that rise or fall strictly")
            if rotated:
                grid["pole"] = read_pole(file)
                for name, standard_name in (("lat", "latitude"), ("lon", "longitude")):
                    field = next((v for v in file.variables.values() if v.dimensions == (y.dimensions + x.dimensions)
                                  and getattr(v, "standard_name", v.name) in (standard_name, name)), None)
                    if field is None:
                        raise Problem(f"no 2-D {standard_name} on ({y.name}, {x.name})")
                    grid[name] = field[rows, columns].astype(float)
            return grid
    except (Problem, OSError) as error:
        raise Problem(f"{path}: {error}") from error


def read_pole(file):
    for variable in file.variables.values():
        if getattr(variable, "grid_mapping_name", "") == "rotated_latitude_longitude":
            try:
                return {"grid_north_pole_latitude": float(variable.grid_north_pole_latitude),
                        "grid_north_pole_longitude": float(variable.grid_north_pole_longitude),
                        "north_pole_grid_longitude": float(getattr(variable, "north_pole_grid_longitude", 0))}
            except AttributeError as error:
                raise Problem(f"grid mapping {variable.name}: {error}") from error
    raise Problem("no grid mapping rotated_latitude_longitude, which rlat and rlon need")


def crop_slices(crop, ny, nx):
    if crop is None:
        return slice(0, ny), slice(0, nx)
    y0, y1, x0, x1 = crop
    if not (0 <= y0 < y1 <= ny and 0 <= x0 < x1 <= nx):
        raise Problem(f"--crop {y0}:{y1},{x0}:{x1} does not fit into {ny} x {nx} points")
    return slice(y0, y1), slice(x0, x1)
