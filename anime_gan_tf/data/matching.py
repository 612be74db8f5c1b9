"""Which picture an id of a label file means: exactly, else as a person would read it."""
import collections
import pathlib
import re
import unicodedata

from anime_gan_tf.data.listing import without_ending


def match(ids, names, base="", spellings=None):
    """Pairs ids and pictures, each at most once.

    An id may be a picture's path from `base`, or from the top, with or without its ending, or its
    name; in a second round letters' case and composition, backslashes, spaces and leading zeros do
    not count. An id that fits two pictures, or a picture that two ids fit equally well, is left.

    Args: ids: strings, each once; names: of the pictures; spellings: {name: [other ones]}.
    Returns: ({name: id}, the ids that fit several, the ids that fit none).
    """
    paths = {name: _paths(name, base, (spellings or {}).get(name, ())) for name in names}
    found, left, doubtful = {}, dict.fromkeys(ids), {}
    for key_of_id, keys_of_picture in _levels(base):
        if not left:
            break
        fitting, claims = collections.defaultdict(set), collections.defaultdict(list)
        for name in names:
            for key in keys_of_picture(name, paths[name]):
                fitting[key].add(name)
        for its_id in left:
            claims[key_of_id(its_id)].append(its_id)
        for key, claimants in claims.items():
            if key not in fitting:
                continue
            if len(fitting[key]) > 1 or len(claimants) > 1:
                doubtful |= dict.fromkeys(claimants)
                continue
            name, = fitting[key]
            if name not in found:
                found[name] = claimants[0]
                del left[claimants[0]]
    return (found, [its_id for its_id in left if its_id in doubtful],
            [its_id for its_id in left if its_id not in doubtful])


def _levels(base):
    """From strict to loose: (key of an id, keys of a picture's name and its _paths())."""
    same = lambda text: text
    yield same, lambda name, paths: {name[len(base):]}
    yield same, lambda name, paths: {pathlib.PurePosixPath(name).stem.strip()}
    for key in (_plain, _bare, _last(_plain), _last(_bare), _unpadded, _last(_unpadded)):
        yield key, lambda name, paths, key=key: {key(path) for path in paths}


def _paths(name, base, others):
    """What a picture may be called: from the top, from `base`, from the images/ there."""
    below = name[len(base):]
    return {name, below, below.removeprefix("images/"), *others}


def _plain(text):
    text = unicodedata.normalize("NFC", text.replace("\\", "/")).casefold()
    text = re.sub(r"[\s\x00-\x1f]+", " ", text).strip()
    return unicodedata.normalize("NFC", re.sub(r"^(\./|/)+", "", text))


def _bare(text):
    return without_ending(_plain(text)).strip()


def _unpadded(text):
    return re.sub(r"(?<!\d)0+(?=\d)", "", _bare(text))


def _last(key):
    return lambda text: key(text).rsplit("/", 1)[-1]
