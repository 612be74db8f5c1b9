"""Any prepared TFDS data set that has an `image` feature, as a Source."""
import hashlib

import tensorflow_datasets as tfds

from anime_gan_tf.data import mlds_faces, sources  # mlds_faces registers its name
from anime_gan_tf.errors import choose, Fault, UserError


def open_name(name, labels):
    """A Source for `tfds:NAME`: 'mlds_faces', 'celeb_a', 'name/config:1.0.0'.

    Labels are read from ClassLabel features with the names of axes, or from a text feature `tags`.
    The encoded images are kept in memory. Nothing is downloaded; this project's mlds_faces is
    prepared if its data are in manual_dir.

    Raises:
      UserError: there is no such data set, it is not prepared, or has no images.
    """
    where = f"--data tfds:{name}"
    try:
        builder = tfds.builder(name, try_gcs=False)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        choose(where, name.split("/")[0].split(":")[0],
               tfds.list_builders(with_community_datasets=False))
        raise UserError(where, Fault.MISSING, " ".join(str(error).split())[:200]) from None
    if not builder.is_prepared():
        _prepare(builder, where)
    if "image" not in builder.info.features:
        raise UserError(where, Fault.INVALID, f"it has no `image` feature, only "
                        f"{', '.join(builder.info.features)}")
    split = "train" if "train" in builder.info.splits else next(iter(builder.info.splits))
    content, tags, digest = {}, [], hashlib.blake2b(digest_size=8)
    encoded = builder.as_dataset(split=split, decoders={"image": tfds.decode.SkipDecoding()})
    for example in encoded.as_numpy_iterator():
        # TFDS only encodes these two.
        ending = "jpg" if example["image"].startswith(b"\xff\xd8") else "png"
        content[f"{len(content)}.{ending}"] = example["image"]
        tags.append(_tags(example, builder.info.features, labels))
        digest.update(example["image"] + repr(tags[-1]).encode())
    origin = "features: " + ", ".join(builder.info.features)
    return sources.Source(f"tfds:{name}", list(content), tags, labels, content.__getitem__,
                          digest.hexdigest(), origin=origin)


def _prepare(builder, where):
    if not isinstance(builder, mlds_faces.MldsFaces):
        raise UserError(where, Fault.MISSING, f"it is not prepared in {builder.data_path}; run "
                        f"tfds.load({builder.name!r}) once, where there is a network")
    folder = builder.data_path.parents[1] / "downloads" / "manual"
    if not folder.is_dir() or not any(folder.iterdir()):
        raise UserError(where, Fault.MISSING, f"put extra_data.zip into {folder}")
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=folder))


def _tags(example, features, labels):
    if "tags" in features and isinstance(example["tags"], bytes):
        return labels.parse(example["tags"].decode(errors="replace"), is_list=True)
    found = []
    for axis in labels.axes:
        known = axis in features and isinstance(features[axis], tfds.features.ClassLabel)
        found.append(labels.index(
            axis, features[axis].int2str(int(example[axis])) if known else None))
    return tuple(found)
