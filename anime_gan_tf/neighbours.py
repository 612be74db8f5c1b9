"""--mode neighbours: the training faces that are nearest to some faces, to see whether a generator memorises."""
import numpy as np
from tqdm import tqdm

from anime_gan_tf import classifier, metrics, pictures
from anime_gan_tf.data import twins

SHOWN = 6
SMALLEST = 1  # percent of the held-out faces whose nearest training face is nearer than "suspiciously near"


def neighbours(images, names, faces, out):
    """Draws every face beside its SHOWN nearest training faces and prints how near they are.

    Near is meant in the features of the attribute classifier; beside it stands how near the training faces
    are to real faces that they do not contain, so that "too near" means something.

    Args:
      images: uint8 (n, size, size, 3); names: n of them; faces: the Faces trained on, of that size.
      out: path of the picture.
    """
    rows, held_out = twins.split(faces.images)
    colours = classifier.load()
    seen = np.concatenate([colours.look(faces.images[part])["features"] for part in
                           tqdm(np.array_split(rows, -(-len(rows) // 500)), "looking at the training faces", leave=False, disable=None)])
    unseen = np.sqrt(metrics.squared_distances(colours.look(faces.images[held_out])["features"], seen).min(axis=1))
    usual, limit = np.median(unseen), np.percentile(unseen, SMALLEST)
    distances = np.sqrt(metrics.squared_distances(colours.look(images)["features"], seen))
    order = np.argsort(distances, axis=1)[:, :SHOWN]
    near = np.take_along_axis(distances, order, axis=1)
    for name, indices, apart in zip(names, order, near):
        first = rows[indices[0]]
        print(f"{name}: nearest {faces.names[first] if faces.names else first} at {apart[0]:.1f}"
              + (", suspiciously near" if apart[0] < limit else ""))
    print(f"held-out real faces are {usual:.1f} from their nearest training face (median; {SMALLEST} % are within {limit:.1f}); "
          f"of these {len(images):,} faces {np.mean(near[:, 0] < limit):.0%} are within that, the median is {np.median(near[:, 0]):.1f}")
    shown = np.concatenate([np.concatenate([image[None], faces.images[rows[indices]]]) for image, indices in zip(images, order)])
    pictures.save_png(out, pictures.labelled(pictures.grid(shown, SHOWN + 1), [f"{apart[0]:.1f}" for apart in near],
                                             ["face", "nearest"] + [""] * (SHOWN - 1)))
