"""The MLDS anime faces as a TensorFlow data set, for `tfds.load`.

    import tensorflow_datasets as tfds
    import anime_gan_tf.data.mlds_faces  # registers the name
    config = tfds.download.DownloadConfig(manual_dir="folder/with/extra_data.zip")
    faces = tfds.load("mlds_faces", split="train",
                      download_and_prepare_kwargs={"download_config": config})
"""
import io
import pathlib

import tensorflow_datasets as tfds

from anime_gan_tf.data import sources
from anime_gan_tf.data.dataset import try_decode
from anime_gan_tf.storage.schema import LEGACY

LABELS = LEGACY  # the axes of these data
NO_TAG = "unknown"


class MldsFaces(tfds.core.GeneratorBasedBuilder):
    """Anime faces tagged with 12 hair and 11 eye colors."""
    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put extra_data.zip (images/ID.jpg beside tags.csv), or that folder unpacked, or one other "
        "zip of that layout, into manual_dir.")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({
                "id": tfds.features.Text(),
                "image": tfds.features.Image(shape=(None, None, 3)),
                **{axis: tfds.features.ClassLabel(names=[*values, NO_TAG])
                   for axis, values in LABELS.axes.items()},
            }), supervised_keys=("image", next(iter(LABELS.axes))),
            homepage="https://speech.ee.ntu.edu.tw/~hylee/mlds/2018-spring.php",
            description=self.__doc__)

    def _split_generators(self, dl_manager):
        source = sources.open_path(_archive(pathlib.Path(dl_manager.manual_dir)), LABELS)
        return {"train": self._generate_examples(source)}

    def _generate_examples(self, source):
        for name, tags in zip(source.names, source.tags):
            if isinstance(try_decode(source, name, 64), str):
                continue  # a broken file is left out here, not met in training
            yield name, {
                "id": pathlib.PurePosixPath(name).stem, "image": io.BytesIO(source.read(name)),
                **{axis: (*values, NO_TAG)[tag]
                   for (axis, values), tag in zip(LABELS.axes.items(), tags)}}


def _archive(folder):
    """extra_data or extra_data.zip in the folder, else its only zip, else the folder itself."""
    for name in ("extra_data", "extra_data.zip"):
        if (folder / name).exists():
            return folder / name
    zips = sorted(folder.glob("*.zip"))
    return zips[0] if len(zips) == 1 else folder
