"""Matches the ids of label files with pictures: exactly, or else as a person would."""
import collections
import pathlib
import re

from anime_gan_tf.data.listing import bare, plain

_KINDS = {"images", "image", "imgs", "img", "captions", "caption", "labels", "tags", "text", "txt"}
_ABSOLUTE = re.compile(r"\s*([a-zA-Z]:)?[/\\]")


def match(ids, names, base="", spellings=None):
    """Matches ids and pictures, each at most once.

    An id may be the path of a picture, relative to `base` or to the top folder, with or without its
    ending, or its name. In further rounds case, Unicode composition, backslashes, spaces and
    leading zeros are ignored. If both have folders, these must agree. Ids that fit several
    pictures, and pictures that several ids fit equally well, are not matched.

    Args: ids: unique strings; names: of the pictures; spellings: {name: [other decodings]}.
    Returns: ({name: id}, [id that fits several pictures, ...], [id that fits none, ...]).
    """
    paths = {name: _paths(name, base, (spellings or {}).get(name, ())) for name in names}
    found, remaining, ambiguous = {}, dict.fromkeys(ids), {}
    is_flat = not any("/" in _without_kinds(bare(name)) for name in names)
    for keys_of_id, keys_of_picture in _levels(base, is_flat):
        if not remaining:
            break
        fitting, ids_by_key = collections.defaultdict(set), collections.defaultdict(list)
        for name in names:
            for key in keys_of_picture(name, paths[name]):
                fitting[key].add(name)
        for each in remaining:
            for key in keys_of_id(each):
                ids_by_key[key].append(each)
        for key, candidates in ids_by_key.items():
            if key not in fitting:
                continue
            if len(fitting[key]) > 1 or len(candidates) > 1:
                ambiguous |= dict.fromkeys(candidates)
                continue
            name, = fitting[key]
            if name not in found and candidates[0] in remaining:
                found[name] = candidates[0]
                del remaining[candidates[0]]
    return (found, [each for each in remaining if each in ambiguous],
            [each for each in remaining if each not in ambiguous])


def _levels(base, is_flat):
    """The rounds, from strict to tolerant: (function from an id to keys, function from a picture's
    name and its _paths() to keys)."""
    same = lambda text: [text]
    yield same, lambda name, paths: {name[len(base):]}
    yield same, lambda name, paths: {pathlib.PurePosixPath(name).stem.strip()}
    for key in (plain, bare):
        yield _each(key, same)
    for key in (plain, bare):
        yield from _by_end(key, is_flat)
    yield _each(_unpadded, same)
    yield from _by_end(_unpadded, is_flat)


def _each(key, ends):
    """A round with the key of an id, and the ends of the keys of a picture's paths."""
    return (lambda table_id: [key(table_id)],
            lambda name, paths: {end for path in paths for end in ends(key(path))})


def _by_end(key, is_flat):
    """Rounds in which one path is the end of the other, so that common folders agree."""
    yield _each(key, _ends)
    yield (lambda table_id: [end for end in _ends(key(table_id)) if "/" in end],
           lambda name, paths: {key(path) for path in paths if "/" in key(path)})
    # captions/0.txt belongs to images/0.png.
    yield (lambda table_id: [_without_kinds(key(table_id))],
           lambda name, paths: {_without_kinds(key(path)) for path in paths})
    if is_flat:  # absolute paths, of the place where the pictures once were
        yield (lambda table_id: [_ends(key(table_id))[-1]] if _ABSOLUTE.match(table_id) else [],
               lambda name, paths: {_ends(key(name))[-1]})


def _ends(path):
    """'a/b/c', 'b/c' and 'c', for 'a/b/c'."""
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _without_kinds(path):
    """A path without folders that only name a kind of file."""
    *folders, last = path.split("/")
    return "/".join([folder for folder in folders if folder not in _KINDS] + [last])


def _paths(name, base, others):
    """The possible paths of a picture: relative to the top folder, to `base`, to its images/."""
    below = name[len(base):]
    return {name, below, below.removeprefix("images/"), *others}


def _unpadded(text):
    return re.sub(r"(?<!\d)(?<!\d[.,])0+(?=\d)", "", bare(text))
