"""Reads the tensors of a network out of what PyTorch or pickle wrote."""

import inspect
import pickle
import unittest.mock
import zipfile

from .problem import Problem, say

NETWORK_KEYS = ("ema", "net", "model", "state_dict")


def import_torch():
    try:
        import torch
    except ImportError as error:
        raise Problem(f"PyTorch is needed to read the weights (Debian: python3-torch), but {error}") from error
    return torch


def load_weights_only(path, advice="; a pickled network needs --trust-pickle"):
    torch = import_torch()
    if "weights_only" not in inspect.signature(torch.load).parameters:
        raise Problem(f"--weights-only: needs PyTorch 1.13 or later, found {torch.__version__}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        # PyTorch's own text advises to drop the safeguard before it says what is wrong.
        reason = str(error).split("WeightsUnpickler error: ")[-1].splitlines()[0]
        raise Problem(f"{path}: not a plain state_dict ({reason}){advice}") from error


class StandIn(dict):
    """What an object becomes whose class is not needed: it keeps attributes and items, and does nothing."""

    def __new__(cls, *_, **__):
        return super().__new__(cls)

    def __init__(self, *_, **__):
        super().__init__()


class Unpickler(pickle.Unpickler):
    """Imports PyTorch, NumPy and plain containers; a snapshot's other classes, such as Climate2Weather's own, need not
    be installed. This narrows what a pickle can run, but is no sandbox."""

    PACKAGES = ("torch", "numpy", "collections", "_codecs")
    BUILTINS = ("set", "frozenset", "list", "dict", "tuple", "bytearray", "complex", "slice", "int", "float", "bool")

    def find_class(self, module, name):
        if module.split(".")[0] in self.PACKAGES or (module == "builtins" and name in self.BUILTINS):
            return super().find_class(module, name)
        return type(name, (StandIn,), {})


class PickleModule:
    """What torch.load asks of the module pickle."""

    Unpickler = Unpickler
    UnpicklingError = pickle.UnpicklingError

    @staticmethod
    def load(file, **arguments):
        return Unpickler(file, **arguments).load()


def load_pickle(path):
    torch = import_torch()
    say(f"warning: unpickling {path} may run code that the file brings along; only do this with files you trust")
    try:
        if not zipfile.is_zipfile(path):
            with open(path, "rb") as file:
                content = Unpickler(file).load()
            if content != torch.serialization.MAGIC_NUMBER:
                return content
        options = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}
        # Its argument pickle_module would do, but PyTorch 1.13 does not heed it.
        with unittest.mock.patch.object(torch.serialization, "pickle", PickleModule):
            return torch.load(path, map_location="cpu", **options)
    except (RuntimeError, pickle.UnpicklingError, EOFError, AttributeError, ImportError) as error:
        raise Problem(f"{path}: cannot be unpickled: {error}") from error


def module_tensors(module, prefix=""):
    """The entries of a module's state_dict, also where the module is a StandIn without that method."""
    state = vars(module)
    transient = state.get("_non_persistent_buffers_set", ())
    for group in ("_parameters", "_buffers"):
        for name, tensor in state[group].items():
            if tensor is not None and name not in transient:
                yield prefix + name, tensor
    for name, child in state["_modules"].items():
        if child is not None:
            yield from module_tensors(child, f"{prefix}{name}.")


def find_tensors(content):
    """The state_dict in what a file held: itself, a module's, or that of a dict's entry; None without one."""
    torch = import_torch()
    if "_modules" in getattr(content, "__dict__", {}):
        return dict(module_tensors(content))
    if not isinstance(content, dict):
        return None
    if content and all(isinstance(value, torch.Tensor) for value in content.values()):
        return dict(content)
    for key in NETWORK_KEYS:
        found = find_tensors(content.get(key))
        if found is not None:
            say(f"taking the network under '{key}'")
            return found
    return None


def without_prefix(tensors):
    """Strips what stands before the network's own names, such as 'module.' of a distributed run."""
    anchor = "map_layer0.weight"
    prefixes = [name[: -len(anchor)] for name in tensors if name.endswith(anchor)]
    if len(prefixes) != 1:
        raise Problem(f"expected one tensor '{anchor}', with or without a prefix, found {len(prefixes)}; the first "
                      f"names are {', '.join(list(tensors)[:5])}")
    prefix = prefixes[0]
    if not prefix:
        return tensors
    say(f"stripping '{prefix}' from the names")
    others = [name for name in tensors if not name.startswith(prefix)]
    if others:
        raise Problem(f"tensors beside the network under '{prefix}': {', '.join(others[:5])}")
    return {name[len(prefix):]: tensor for name, tensor in tensors.items()}
