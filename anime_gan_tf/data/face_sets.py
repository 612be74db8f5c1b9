"""The faces that scenes are composed of: read, and split into those to train and to test on."""
from anime_gan_tf.data import crop_record, cropping, dataset, scenes, sources
from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.labels import Labels

SIZE = 96  # pixels at which faces are kept


def load(data, margin=None):
    """Reads data sets of faces.

    Args: data: paths with commas between them; margin: around the boxes of their faces, as a share
      of the box, one for all or one for each, with commas; None for crop_record.MARGIN.
    Returns: [(ImageDataset, side of the faces' boxes over that of their pictures)].
    Raises:
      UserError
    """
    paths = data.split(",")
    margins = (margin or str(crop_record.MARGIN)).split(",")
    if len(margins) not in (1, len(paths)):
        raise UserError("--margin", Fault.INVALID, f"has {len(margins)} values for {len(paths)} "
                        f"data sets; give one, or one for each")
    shares = [1 / (1 + 2 * cropping.parse_margin(text)) for text in margins]
    listed = [sources.open_path(path, Labels({})) for path in paths]
    return list(zip([dataset.load(source, SIZE) for source in listed],
                    shares * (len(paths) if len(shares) == 1 else 1)))


def split(loaded):
    """The faces of load() as two lists of scenes.FaceSet: to train on, and held out.

    Raises:
      UserError: a data set is too small.
    """
    training, held_out = [], []
    for faces, share in loaded:
        rows, _, others = faces.split
        if not len(rows) or not len(others):
            raise UserError("--data", Fault.TOO_FEW, f"{faces.title} has too few faces to learn "
                            f"from and to test on")
        training.append(scenes.FaceSet(faces.images[rows], share))
        held_out.append(scenes.FaceSet(faces.images[others], share))
    return training, held_out
