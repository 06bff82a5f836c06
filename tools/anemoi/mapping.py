"""Which tensor of Anemoi's graph transformer becomes which of foehn's."""

import re

import numpy as np

from climate2weather.problem import Problem

from .channels import OWN_PLACES, PLACES, outputs, own_channels

# Modules of a block. Anemoi's conditional norms have a scale and a bias, each a linear map of the noise's condition.
BLOCK = {
    "lin_query": "query", "lin_key": "key", "lin_value": "value", "lin_self": "own", "lin_edge": "edge",
    "projection": "out", "q_norm": "query_norm", "k_norm": "key_norm", "node_dst_mlp.0": "mlp.0",
    "node_dst_mlp.2": "mlp.1", "layer_norm_attention.scale": "norm.scale", "layer_norm_attention.bias": "norm.shift",
    "layer_norm_attention_src.scale": "source_norm.scale", "layer_norm_attention_src.bias": "source_norm.shift",
    "layer_norm_mlp_dst.scale": "mlp_norm.scale", "layer_norm_mlp_dst.bias": "mlp_norm.shift",
}
MODULES = {
    "noise_cond_mlp.linear1_no_gradscaling": "noise.0", "noise_cond_mlp.linear2_no_gradscaling": "noise.1",
    "encoder.emb_nodes_src": "data_in", "encoder.emb_nodes_dst": "hidden_in", "decoder.emb_nodes_dst": "data_out",
    "decoder.node_data_extractor.0": "last_norm", "decoder.node_data_extractor.1": "last",
}
ANCHOR = "noise_cond_mlp.linear1_no_gradscaling.weight"
FREQUENCIES = "noise_embedder.frequencies"
OF_MAPPERS = r"(?:emb_nodes_src|emb_nodes_dst|node_data_extractor|proc|trainable|edge_\w+)\b"
# What a graph says, and foehn works out for itself.
GEOMETRY = re.compile(r"(?:(?:encoder|processor|decoder)(?:_graph_provider)?(?:\.\w+)?\.edge_(?:attr|index_base|inc)"
                      r"|node_attributes(?:\.\w+)?\.latlons_\w+)$")
SHARED = ".layer_norm_attention_dest."  # Anemoi names this norm twice


def without_prefix(arrays):
    """Names as the network itself has them, such as without the "model.model." of a training."""
    anchors = [name for name in arrays if name == ANCHOR or name.endswith("." + ANCHOR)]
    if len(anchors) != 1:
        raise Problem(f"expected one tensor '{ANCHOR}', by which a diffusion model of Anemoi is known, found {len(anchors)}")
    prefix = anchors[0][:-len(ANCHOR)]
    return {name[len(prefix):] if name.startswith(prefix) else name: array for name, array in arrays.items()}


def without_data_set(name):
    """ "encoder.out_hres.proc.lin_key.weight" is "encoder.proc.lin_key.weight" where there are several data sets."""
    match = re.match(rf"(encoder|decoder)\.(?!{OF_MAPPERS})\w+\.({OF_MAPPERS}.*)", name)
    return f"{match[1]}.{match[2]}" if match else name


def processor_layers(names):
    """Prefixes of the processor's blocks in their order: proc.CHUNK.blocks.LAYER or proc.LAYER."""
    found = {}
    for name in names:
        match = re.match(r"processor\.proc\.(\d+)\.(?:blocks\.(\d+)\.)?", name)
        if match:
            found[match[0]] = (int(match[1]), int(match[2] or 0))
    return sorted(found, key=found.get)


def own_name(name, layers):
    """foehn's name of a tensor, or None."""
    module, _, kind = name.rpartition(".")
    if kind not in ("weight", "bias"):
        return None
    if module in MODULES:
        return f"{MODULES[module]}.{kind}"
    blocks = {"encoder.proc.": "encoder", "decoder.proc.": "decoder"}
    blocks.update({prefix: f"processor.{i}" for i, prefix in enumerate(layers)})
    for prefix, block in blocks.items():
        if module.startswith(prefix) and module[len(prefix):] in BLOCK:
            return f"{block}.{BLOCK[module[len(prefix):]]}.{kind}"
    return None


def columns_for(own, channels):
    """Of each of foehn's columns, which of Anemoi's it is; -1: none, so that it is zeros."""
    return [channels.index(channel) if channel in channels else -1 for channel in own]


def take_columns(weight, columns):
    return np.concatenate([weight, np.zeros_like(weight[:, :1])], axis=1)[:, columns]


class Mapping:
    """Goes through all tensors, and notes everything that does not fit."""

    def __init__(self, expected, architecture, channels):
        """expected: shapes of foehn's tensors by name."""
        self.expected, self.architecture, self.channels = expected, architecture, channels
        self.problems, self.notes = [], []

    def anemoi_shape(self, name):
        """The shape that Anemoi's tensor has which becomes foehn's tensor of this name."""
        shape = list(self.expected[name])
        if name in ("data_in.weight", "data_out.weight"):
            shape[1] = len(self.channels)
        return shape

    def converted(self, name, array):
        architecture = self.architecture
        if name in ("data_in.weight", "data_out.weight"):
            return take_columns(array, columns_for(own_channels(architecture), self.channels))
        if name == "hidden_in.weight":
            return take_columns(array, columns_for(OWN_PLACES, PLACES))
        if name in ("last.weight", "last.bias"):
            order = outputs(self.channels)
            return array[[order.index(variable) for variable in architecture["variables"]]]
        return array

    def check_shared(self, name, arrays):
        twin = name.replace(SHARED, ".layer_norm_attention.")
        if twin not in arrays or not np.array_equal(arrays[name], arrays[twin]):
            self.problems.append(f"'{name}' is not '{twin}', as expected of one norm with two names")

    def check_frequencies(self, array):
        expected = 1000.0 ** (-np.arange(16) / 16)
        if array.shape != expected.shape or not np.allclose(array, expected, rtol=1e-5):
            self.problems.append(f"'{FREQUENCIES}': expected 1000^(-i/16) for i from 0 to 15, found "
                                 f"{np.array2string(array.ravel()[:3], precision=4)} ... of {array.size}")

    def take(self, name, target, array, found):
        expected = self.anemoi_shape(target)
        if list(array.shape) != expected:
            self.problems.append(f"'{name}' (here '{target}'): expected {expected}, found {list(array.shape)}")
        elif not np.isfinite(array).all():
            self.problems.append(f"'{name}' holds values that are not finite")
        elif target in found:
            self.problems.append(f"'{name}' is the second tensor for '{target}'")
        else:
            found[target] = self.converted(target, array.astype(np.float32))

    def apply(self, arrays, leaves_out):
        """foehn's tensors by name; leaves_out: says of a name whether the user wants it left out."""
        named = {}
        for name, array in arrays.items():
            plain = without_data_set(name)
            if plain in named:
                self.problems.append(f"'{name}' stands twice, for several data sets")
            named[plain] = array
        layers, found = processor_layers(named), {}
        for name, array in sorted(named.items()):
            target = own_name(name, layers)
            if leaves_out(name):
                self.notes.append(f"'{name}' is left out, as --leave-out says")
            elif target in self.expected:
                self.take(name, target, array, found)
            elif name == FREQUENCIES:
                self.check_frequencies(array)
            elif SHARED in name:
                self.check_shared(name, named)
            elif GEOMETRY.match(name):
                self.notes.append(f"'{name}' is left out: foehn makes its own graph")
            else:
                self.problems.append(f"'{name}' {list(array.shape)} has no counterpart")
        self.add_absent(found)
        return found

    def add_absent(self, found):
        taken = {problem.split("(here '")[1].split("'")[0] for problem in self.problems if "(here '" in problem}
        for name, shape in sorted(self.expected.items()):
            if name in found or name in taken:
                continue
            if name.endswith(("query_norm.bias", "key_norm.bias")):  # Anemoi's may have none, which is zeros
                found[name] = np.zeros(shape, np.float32)
                self.notes.append(f"'{name}' is zeros: Anemoi's norm has no bias")
            else:
                self.problems.append(f"nothing becomes '{name}', expected {list(shape)}")
