"""What a score network of Climate2Weather is made of, told from its tensors' names and shapes."""

import re

import numpy as np

from .problem import Problem

TIME_FEATURES = 32
LARGEST_HALF = float(np.finfo(np.float16).max)

def head(level):
    return "unet.heads.0" if level == 0 else f"unet.heads.{level}.0"


def tail(level, levels):
    # The way up counts its levels from the bottom.
    return f"unet.tails.{levels - 1}" if level == 0 else f"unet.tails.{levels - 1 - level}.2"


def infer_architecture(tensors, variables, window):
    """Reads widths, blocks and attention off names and shapes. Only expected_shapes() says whether all fits."""

    def shape(name):
        if name not in tensors:
            raise Problem(f"tensor '{name}' is missing")
        return tuple(tensors[name].shape)

    levels = 1
    while f"{head(levels)}.weight" in tensors:
        levels += 1
    hidden = [shape(f"{head(level)}.weight")[0] for level in range(levels)]
    blocks, attention = [], []
    for level in range(levels):
        pattern = re.compile(rf"unet\.descent\.{level}\.\d+\.(project\.0|qkv)\.weight")
        parts = [match[1] for match in map(pattern.fullmatch, tensors) if match]
        blocks.append(parts.count("project.0"))
        if "qkv" in parts:
            attention.append(level)

    channels = shape(f"{head(0)}.weight")[1]
    hours, left = divmod(channels, len(variables))
    if left or hours % 2 == 0:
        raise Problem(f"the network has {channels} channels, expected an odd number of hours times {len(variables)} "
                      f"variables ({', '.join(variables)}); see --variables")
    if window is not None and window != hours:
        raise Problem(f"the network's window has {hours} hours ({channels} channels of {len(variables)} variables), "
                      f"expected {window} from --window or --markov-order")
    return {"window": hours, "variables": list(variables), "hidden": hidden, "blocks": blocks, "attention": attention,
            "embedding": shape("map_layer1.weight")[0]}


def expected_shapes(architecture):
    """Every tensor of Climate2Weather's ScoreUNet by its state_dict name."""
    hidden, embedding = architecture["hidden"], architecture["embedding"]
    channels = architecture["window"] * len(architecture["variables"])
    levels = len(hidden)
    shapes = {}

    def layer(name, *shape):
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]

    layer("map_layer0", embedding, TIME_FEATURES)
    layer("map_layer1", embedding, embedding)
    for level, width in enumerate(hidden):
        above = channels if level == 0 else hidden[level - 1]
        layer(head(level), width, above, 3, 3)
        layer(tail(level, levels), above, width, 3, 3)
        for path in (f"unet.descent.{level}", f"unet.ascent.{levels - 1 - level}"):
            position = 0
            for _ in range(architecture["blocks"][level]):
                layer(f"{path}.{position}.project.0", width, embedding)
                layer(f"{path}.{position}.residue.1", width, width, 3, 3)
                layer(f"{path}.{position}.residue.3", width, width, 3, 3)
                position += 1
                if level in architecture["attention"]:
                    layer(f"{path}.{position}.qkv", 3 * width, width, 1)
                    layer(f"{path}.{position}.proj_out", width, width, 1)
                    position += 1
    return shapes


def check_shapes(tensors, shapes):
    problems = [f"'{name}' is missing, expected {list(shape)}" for name, shape in shapes.items() if name not in tensors]
    problems += [f"'{name}' is not a tensor of this network" for name in tensors if name not in shapes]
    problems += [f"'{name}': expected {list(shape)}, found {list(tensors[name].shape)}"
                 for name, shape in shapes.items() if name in tensors and tuple(tensors[name].shape) != shape]
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise Problem("; ".join(problems[:5]) + more)


def as_arrays(tensors, half):
    """The tensors as little-endian float32, or float16."""
    arrays = {}
    for name, tensor in tensors.items():
        values = tensor.detach().float().numpy()
        if not np.isfinite(values).all():
            raise Problem(f"tensor '{name}' holds values that are not finite")
        largest = np.abs(values).max()
        if half and largest > LARGEST_HALF:
            raise Problem(f"--half: tensor '{name}' has values up to {largest:g}, above the {LARGEST_HALF:g} that "
                          "float16 holds")
        arrays[name] = np.ascontiguousarray(values, dtype="<f2" if half else "<f4")
    return arrays


def check_grid(grid, architecture):
    factor = 2 ** (len(architecture["hidden"]) - 1)
    for name, values in (grid["y"], grid["x"]):
        if len(values) % factor:
            raise Problem(f"the grid has {len(values)} points along {name}, expected a multiple of {factor}: the "
                          f"network has {factor.bit_length()} levels; see --crop")
