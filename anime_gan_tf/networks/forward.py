"""Forward passes over many rows, some at a time, so that memory does not grow with their number."""
import numpy as np
from keras import tree
from tqdm import tqdm


def stream(function, arrays, batch_size, description=None):
    """Calls a function on `batch_size` rows of some arrays after another.

    Args: function: of as many arrays (rows, ...), such as a keras.Model; arrays: [(n, ...), ...];
      description: of a progress bar, None for none.
    Returns: an iterator over its results, structures with NumPy arrays for tensors.
    """
    count = len(arrays[0])
    with tqdm(total=count, desc=description, unit="img", leave=False,
              disable=None if description else True) as bar:
        for start in range(0, count, batch_size):
            rows = slice(start, start + batch_size)
            yield tree.map_structure(np.asarray, function(*(array[rows] for array in arrays)))
            bar.update(min(batch_size, count - start))


def run(function, arrays, batch_size, description=None):
    """The results of stream() as one structure, of arrays (n, ...)."""
    parts = stream(function, arrays, batch_size, description)
    return tree.map_structure(lambda *each: np.concatenate(each), *parts)
