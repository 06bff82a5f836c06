"""Makes state dicts as Anemoi's diffusion downscaler has them, of twice the numbers of a prior of foehn.

Usage: make_anemoi.py FOLDER   reads FOLDER/like/weights.safetensors, of variables psl and tas and a static field lsm
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

# Anemoi's modules, and foehn's.
BLOCK = (("lin_query", "query"), ("lin_key", "key"), ("lin_value", "value"), ("lin_self", "own"), ("lin_edge", "edge"),
         ("projection", "out"), ("node_dst_mlp.0", "mlp.0"), ("node_dst_mlp.2", "mlp.1"),
         ("layer_norm_attention.scale", "norm.scale"), ("layer_norm_attention.bias", "norm.shift"),
         ("layer_norm_mlp_dst.scale", "mlp_norm.scale"), ("layer_norm_mlp_dst.bias", "mlp_norm.shift"))
OF_MAPPERS = (("layer_norm_attention_src.scale", "source_norm.scale"), ("q_norm", "query_norm"), ("k_norm", "key_norm"),
              ("layer_norm_attention_src.bias", "source_norm.shift"))
# Columns of foehn's data_in: noisy psl, tas, coarse psl, tas, three that Anemoi does not know, lsm, sine and cosine of
# latitude, sine and cosine of longitude.
CHANNELS = (("coarse psl", 2), ("coarse tas", 3), ("static lsm", 7), ("noisy tas", 1), ("noisy psl", 0),
            ("sin_latitude", 8), ("sin_longitude", 10), ("cos_latitude", 9), ("cos_longitude", 11))


def read(path):
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    return {name: np.frombuffer(content[8 + size:][slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def write(path, arrays):
    header, end = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(array.tobytes() for array in arrays.values()))


def main(folder):
    own = {name: np.float32(2) * array for name, array in read(folder / "like/weights.safetensors").items()}
    columns = [column for _, column in CHANNELS]
    made = {}

    def take(name, target, change=lambda array: array):
        for kind in ("weight", "bias"):
            array = own[f"{target}.{kind}"]
            made[f"{name}.{kind}"] = np.ascontiguousarray(change(array) if kind == "weight" else array, np.float32)

    take("noise_cond_mlp.linear1_no_gradscaling", "noise.0")
    take("noise_cond_mlp.linear2_no_gradscaling", "noise.1")
    made["noise_embedder.frequencies"] = (1000.0 ** (-np.arange(16) / 16)).astype(np.float32)
    for mapper in ("encoder", "decoder"):
        for theirs, ours in BLOCK + OF_MAPPERS:
            take(f"{mapper}.out_hres.proc.{theirs}", f"{mapper}.{ours}")
        for kind in ("scale.weight", "scale.bias", "bias.weight", "bias.bias"):
            made[f"{mapper}.out_hres.proc.layer_norm_attention_dest.{kind}"] = \
                made[f"{mapper}.out_hres.proc.layer_norm_attention.{kind}"]
    for layer in range(2):
        for theirs, ours in BLOCK:
            take(f"processor.proc.{layer}.blocks.0.{theirs}", f"processor.{layer}.{ours}")
    take("encoder.out_hres.emb_nodes_src", "data_in", lambda array: array[:, columns])
    take("encoder.out_hres.emb_nodes_dst", "hidden_in", lambda array: array[:, [0, 2, 1, 3]])
    take("decoder.out_hres.emb_nodes_dst", "data_out", lambda array: array[:, columns])
    take("decoder.out_hres.node_data_extractor.0", "last_norm")
    for kind in ("weight", "bias"):
        made[f"decoder.out_hres.node_data_extractor.1.{kind}"] = np.ascontiguousarray(own[f"last.{kind}"][::-1])
    made["encoder_graph_provider.out_hres.edge_attr"] = np.zeros((5, 3), np.float32)
    made = {f"model.model.{name}": array for name, array in made.items()}

    write(folder / "good.safetensors", made)
    key = "model.model.encoder.out_hres.proc.lin_key.weight"
    write(folder / "shape.safetensors", {**made, key: np.zeros((8, 3), np.float32)})
    write(folder / "missing.safetensors", {name: array for name, array in made.items() if name != key})
    surplus = {"model.model.processor_graph_provider.trainable.trainable": np.zeros((5, 8), np.float32)}
    write(folder / "surplus.safetensors", {**made, **surplus})
    write(folder / "period.safetensors", {**made, "model.model.noise_embedder.frequencies": np.ones(16, np.float32)})
    (folder / "channels.txt").write_text("# in Anemoi's order\n" + "\n".join(name for name, _ in CHANNELS) + "\n")
    (folder / "insolation.txt").write_text("insolation\n" + "\n".join(name for name, _ in CHANNELS[1:]) + "\n")


main(Path(sys.argv[1]))
