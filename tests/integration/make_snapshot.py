"""Writes a small random score network as PyTorch and Climate2Weather do, with what it estimates, and the other files
that tools/import_climate2weather takes.

usage: make_snapshot.py FOLDER
"""

import csv
import json
import pickle
import sys
from pathlib import Path

import netCDF4
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from climate2weather.bundle import write_safetensors
from climate2weather.fields import LEVELS
from score_unet import ScoreUNet

ARCHITECTURE = {"window": 3, "variables": ["psl", "tas", "uas", "vas"], "hidden": [8, 12, 16], "blocks": [1, 2, 1],
                "attention": [1, 2], "embedding": 24}
NY, NX = 16, 24


class Snapshot(dict):
    """As in Climate2Weather, a dict of a class that the reader does not have."""


class NoiseProcess:
    pass


def write_networks(folder):
    torch.manual_seed(1)
    network = ScoreUNet(ARCHITECTURE).eval().requires_grad_(False)
    x, t = torch.randn(2, 12, NY, NX), torch.tensor([0.1, 0.8])
    state = network.state_dict()
    torch.save(state, folder / "state_dict.pt")
    torch.save({"net": {f"module.{name}": tensor for name, tensor in state.items()}}, folder / "distributed.pt")
    torch.save({name: tensor for name, tensor in state.items() if name != "map_layer1.bias"}, folder / "missing.pt")
    torch.save({**state, "map_layer1.bias": torch.zeros(7)}, folder / "misshaped.pt")
    torch.save({**state, "map_layer1.bias": torch.full((24,), torch.nan)}, folder / "nan.pt")
    eps = network(x, t)
    half = network.half()
    with open(folder / "snapshot.pkl", "wb") as file:
        pickle.dump(Snapshot(pipeline=NoiseProcess(), dataset_kwargs={"window": 3}, ema=half), file)
    torch.save(network, folder / "module.pt")
    eps_half = half.float()(x, t)
    arrays = {"x": x, "t": t, "eps": eps, "eps_half": eps_half}
    write_safetensors(folder / "expected.safetensors",
                      {name: np.ascontiguousarray(tensor.numpy(), "<f4") for name, tensor in arrays.items()}, {})


def write_quantiles(folder):
    names = ARCHITECTURE["variables"]
    table = np.array([[100 * i + 10 * level for level in LEVELS] for i in range(len(names))])
    np.save(folder / "quantiles.npy", table)
    np.save(folder / "falling.npy", table[:, ::-1])
    np.save(folder / "constant.npy", np.zeros_like(table))
    with open(folder / "quantiles.csv", "w", newline="") as file:
        csv.writer(file).writerows([["variable", *LEVELS], *([name, *row] for name, row in zip(names, table))])
    by_name = {name: dict(zip(map(str, LEVELS), row)) for name, row in zip(names, table)}
    (folder / "quantiles.json").write_text(json.dumps(by_name))
    del by_name["tas"]["0.95"]
    (folder / "short.json").write_text(json.dumps(by_name))
    with netCDF4.Dataset(folder / "quantiles.nc", "w") as file:  # as xarray's quantile() leaves them
        file.createDimension("quantile", len(LEVELS))
        file.createVariable("quantile", "f8", ("quantile",))[:] = LEVELS
        for name, row in zip(names, table):
            file.createVariable(name, "f8", ("quantile",))[:] = row
    with netCDF4.Dataset(folder / "table.nc", "w") as file:
        file.createDimension("variable", len(names))
        file.createDimension("level", len(LEVELS))
        file.variable_names = ", ".join(reversed(names))
        file.createVariable("level", "f8", ("level",))[:] = LEVELS
        file.createVariable("quantile", "f8", ("variable", "level"))[:] = table[::-1]


def write_grids(folder):
    def axis(file, name, start, size, **attributes):
        file.createDimension(name, size)
        variable = file.createVariable(name, "f8", (name,))
        variable.setncatts(attributes)
        variable[:] = start + 0.25 * np.arange(size)

    with netCDF4.Dataset(folder / "grid.nc", "w") as file:
        axis(file, "lat", 50, NY, standard_name="latitude", units="degrees_north")
        axis(file, "lon", -5, NX, standard_name="longitude", units="degrees_east")
    with netCDF4.Dataset(folder / "rotated.nc", "w") as file:
        axis(file, "rlat", -2, NY + 2, standard_name="grid_latitude", units="degrees")
        axis(file, "rlon", -3, NX + 5, standard_name="grid_longitude", units="degrees")
        for name in ("lat", "lon"):
            file.createVariable(name, "f8", ("rlat", "rlon"))[:] = 1
        file.createVariable("rotated_pole", "i4", ()).setncatts(
            {"grid_mapping_name": "rotated_latitude_longitude", "grid_north_pole_latitude": 39.25,
             "grid_north_pole_longitude": -162.0})


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_networks(target)
    write_quantiles(target)
    write_grids(target)
