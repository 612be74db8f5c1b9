"""Which picture an id of a label file means: exactly, else as a person would read it."""
import collections
import pathlib
import re
import unicodedata

from anime_gan_tf.data.listing import without_ending

_KINDS = {"images", "image", "imgs", "img", "captions", "caption", "labels", "tags", "text", "txt"}
_ABSOLUTE = re.compile(r"\s*([a-zA-Z]:)?[/\\]")


def match(ids, names, base="", spellings=None):
    """Pairs ids and pictures, each at most once.

    An id may be a picture's path from `base`, or from the top, with or without its ending, or its
    name; in a second round letters' case and composition, backslashes, spaces and leading zeros do
    not count. Where both have folders, these must agree. An id that fits two pictures, or a picture
    that two ids fit equally well, is left.

    Args: ids: strings, each once; names: of the pictures; spellings: {name: [other ones]}.
    Returns: ({name: id}, the ids that fit several, the ids that fit none).
    """
    paths = {name: _paths(name, base, (spellings or {}).get(name, ())) for name in names}
    found, left, doubtful = {}, dict.fromkeys(ids), {}
    is_flat = not any("/" in _own(_bare(name)) for name in names)
    for keys_of_id, keys_of_picture in _levels(base, is_flat):
        if not left:
            break
        fitting, claims = collections.defaultdict(set), collections.defaultdict(list)
        for name in names:
            for key in keys_of_picture(name, paths[name]):
                fitting[key].add(name)
        for its_id in left:
            for key in keys_of_id(its_id):
                claims[key].append(its_id)
        for key, claimants in claims.items():
            if key not in fitting:
                continue
            if len(fitting[key]) > 1 or len(claimants) > 1:
                doubtful |= dict.fromkeys(claimants)
                continue
            name, = fitting[key]
            if name not in found and claimants[0] in left:
                found[name] = claimants[0]
                del left[claimants[0]]
    return (found, [its_id for its_id in left if its_id in doubtful],
            [its_id for its_id in left if its_id not in doubtful])


def _levels(base, is_flat):
    """From strict to loose: (keys of an id, keys of a picture's name and its _paths())."""
    same = lambda text: [text]
    yield same, lambda name, paths: {name[len(base):]}
    yield same, lambda name, paths: {pathlib.PurePosixPath(name).stem.strip()}
    for key in (_plain, _bare):
        yield _each(key, same)
    for key in (_plain, _bare):
        yield from _by_end(key, is_flat)
    yield _each(_unpadded, same)
    yield from _by_end(_unpadded, is_flat)


def _each(key, ends):
    """A level: an id by its key, a picture by the ends of those of its paths."""
    return (lambda its_id: [key(its_id)],
            lambda name, paths: {end for path in paths for end in ends(key(path))})


def _by_end(key, is_flat):
    """Levels where one is the end of the other, so that no two folders differ."""
    yield _each(key, _ends)
    yield (lambda its_id: [end for end in _ends(key(its_id)) if "/" in end],
           lambda name, paths: {key(path) for path in paths if "/" in key(path)})
    # captions/0.txt is that of images/0.png.
    yield (lambda its_id: [_own(key(its_id))],
           lambda name, paths: {_own(key(path)) for path in paths})
    if is_flat:  # where the pictures of an absolute path lay once
        yield (lambda its_id: [_ends(key(its_id))[-1]] if _ABSOLUTE.match(its_id) else [],
               lambda name, paths: {_ends(key(name))[-1]})


def _ends(path):
    """'a/b/c', 'b/c' and 'c', for 'a/b/c'."""
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _own(path):
    """A path without the folders that say only what kind of file is in them."""
    *folders, last = path.split("/")
    return "/".join([folder for folder in folders if folder not in _KINDS] + [last])


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
    return re.sub(r"(?<!\d)(?<!\d[.,])0+(?=\d)", "", _bare(text))
