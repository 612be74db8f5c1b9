"""Reads the arrays of a legacy PyTorch checkpoint, without PyTorch and without running code."""
import collections
import io
import pickle
import struct

import numpy as np

_STORAGES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class _Arrays(pickle.Unpickler):
    """An unpickler that only accepts dicts, lists, plain values and descriptions of tensors."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *rest: (*storage, offset, shape, stride)
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it holds a {module}.{name}")

    def persistent_load(self, identity):
        _, dtype, key, _, size, _ = identity
        return dtype, key, size


def read(content):
    """{name: array} of a state dict.

    Args: content: bytes of the file.
    Raises:
      pickle.UnpicklingError, ValueError: it holds anything but arrays.
    """
    file = io.BytesIO(content)
    load = lambda: _Arrays(file).load()
    load(), load(), load()  # a magic number, the version of the format, the machine
    tensors, keys = load(), load()
    sizes = {key: (dtype, size) for dtype, key, size, *_ in tensors.values()}
    storages = {}
    for key in keys:
        dtype, size = sizes[key]
        if struct.unpack("<q", file.read(8)) != (size,):
            raise ValueError(f"storage {key} is of another size")
        storages[key] = np.frombuffer(file.read(size * np.dtype(dtype).itemsize), dtype)
    return {name: _strided(storages[key], offset, shape, stride)
            for name, (_, key, _, offset, shape, stride) in tensors.items()}


def _strided(storage, offset, shape, stride):
    """The values of a tensor in a storage, at offset + sum(index * stride) for each element."""
    index = np.full(shape, offset)
    for axis, step in enumerate(stride):
        index += np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1)) * step
    return storage[index]
