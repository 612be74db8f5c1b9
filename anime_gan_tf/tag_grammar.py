"""Reads attributes in text: 'blue_eyes, long_hair', 'hair: blue', 'aqua hair orange eyes'.

Tags are separated by a comma, a semicolon, a bar, a tab, a line break or the end of a sentence, or
by a space between words with underscores. Within a tag a value belongs to the name of an axis
directly before or after it. A wrong label is worse than none, so ambiguous text has no value: 'hair
blue eyes', 'light blue hair', 'blue hair ornament', 'blue and pink hair', 'not blue hair', 'cat
with blue eyes', 'blue hair:0.1'.

Two kinds of axes are read from whole tags instead, so that their names may be several words. A
scale takes numbers: 'smile: 0.3', 'smile=0.3', '0.3 smile', and the probability of a tag that
taggers write. An axis of the values PRESENCE is a tag itself: 'glasses' means present; absent is
what a list of tags does not mention at all.
"""
import re
import unicodedata

# A value that the axis does not have, or several values: it contradicts every other value.
OTHER = "other"
PRESENCE = ("absent", "present")
MAX_NUMBER = 999_999  # of a scale; larger ones are written with an exponent
_WRITTEN = re.compile(r"\d{1,9}(?:\.\d{0,30})?(?:e-\d{1,3})?|\.\d{1,30}")
_SAYS = dict.fromkeys(("present", "yes", "true"), "present") | dict.fromkeys(
    ("absent", "no", "false"), "absent")
_SEPARATORS = re.compile(r"[,;|\t\r\n\[\]{}\u3001\u3002]+|[.!?](?=\s|$)")
_SENTENCE = re.compile(r"[.!?\u3002](?=\s|$)")
# The settings that Stable Diffusion WebUI writes: what follows does not describe the picture.
_SETTINGS = re.compile(r"\bnegative(?:[ _-]?prompt)?[\"']?\s*[:=]|(?:^|[\n,;.])\s{0,9}steps:\s*\d")
_NETWORKS = re.compile(r"<[^<>]*>")  # <lora:red hair:1>
# ruby_(red_hair), a name
_QUALIFIED = re.compile(r"(?<![^\s,;|_])([^\s,;|_]{0,40})(?:_\\?|\s?\\)\([^()]*\)")
# The probability of a tag that taggers write: 'blue_hair 0.1', 'blue hair, 9e-05', '12%,
# blue_hair'.
_SCORE = r"(?:\d{0,9}\.\d{1,99}(?:e-?\d{1,3})?|\d{1,9}e-\d{1,3}|\d{1,3}%|[01])%?"
# After a separator it must be alone: in 'blue hair, 0.5 scale figure' a number begins a tag.
_SCORE_AFTER = re.compile(
    rf"\s?[,;|]\s?(?=\(?{_SCORE}\)?\s?(?:[,;|\t]|$))"
    rf"|(?:\s-|(?<![,;|\s])\s)\s?(?=\(?{_SCORE}\)?\s?(?:[\s,;|]|$))")
_SCORE_BEFORE = re.compile(rf"({_SCORE})\s?[\s,;|]\s?(?=[^\W\d])")
_BEGINS_WITH_SCORE = re.compile(rf"\s?(?:{_SCORE}\s?[,;|\t]|\d{{0,9}}\.\d{{1,99}}%?\s)")
# (blue hair, red eyes:0.3): in Stable Diffusion WebUI the weight applies to the whole group.
_LOW_GROUP = re.compile(r"\([^()]*:\s?0?\.[0-4]\d*\s?\)")
_NUMBER = re.compile(r"(?<![^\W_])(?<!\d\.)(\d+(?:\.\d+)?(?:e-?\d+)?|\.\d+)(%?)(?![^\W_])")
# '0,3', which may be two numbers, and the sign of '-0.3'.
_NO_NUMBER = re.compile(r"(?<![\w.])\d+,\d+(?![\w.])|(?<!\w)-(?=\.?\d)")
_MINUS = re.compile(r"(?:^|[\s:=(])[-!~]\s*(?=\w)")  # -blue_hair
_TOKEN = re.compile(r"[^\W\d_]+|[:=&+]")
_AND = {"and", "or", "to", "n", "x", "&", "+"}
_LINKS = {":", "=", "is", "are"}
_COLOR = {"color", "colour", "colored", "coloured", "colors", "colours"}
# Before a value they change its meaning.
_SHADES = {"light", "dark", "pale", "pastel", "ash", "ashy", "strawberry", "platinum", "dirty",
           "sky", "navy", "hot", "neon", "lime", "olive", "dusty", "silver", "golden", "yellowish",
           "multi", "multicolor", "multicolour", "multicolored", "multicoloured", "multiple",
           "twotone", "tone", "toned", "gradient", "streaked", "striped", "rainbow", "ombre",
           "split", "mixed", "mismatched", "half", "partially", "partly", "partial", "odd",
           "different", "faded", "ice", "icy", "midnight", "royal", "electric", "baby", "steel",
           "muted", "tinted", "tinged", "bicolored", "bicolor", *_COLOR}
# With one of them a tag says what is not in the picture, or no longer.
_NEGATIONS = {"no", "not", "non", "un", "without", "never", "but", "instead", "rather", "except",
              "isn", "isnt", "aren", "arent", "wasn", "wasnt", "weren", "doesn", "doesnt", "don",
              "dont", "hasn", "was", "were", "been", "former", "formerly", "used", "lacks",
              "lacking", "neither", "nor", "minus", "false"}
# Words for whoever has the hair and eyes: those of 'doll with blue eyes' are the doll's.
_PERSONS = {"girl", "boy", "woman", "man", "female", "male", "lady", "person", "character", "child",
            "teenager", "student", "anime", "she", "he", "who", "that", "and", "face", "portrait"}
_ANIMALS = {"cat", "cats", "kitten", "dog", "dogs", "puppy", "bird", "dragon", "horse", "fox",
            "wolf", "rabbit", "bunny", "bear", "fish", "owl", "crow", "snake", "animal", "pet",
            "monster", "doll", "toy", "plush", "statue", "robot", "background"}
# Parts of the hair that have another color than the rest.
_PARTS = {"streak", "streaks", "tips", "highlights", "roots", "ends", "strand", "strands"}
# Words that may follow an axis. Before any other word the value belongs to it: 'blue hair ribbon'.
_FOLLOWING = {"and", "with", "in", "on", "at", "who", "that", "is", "are", "has", "wearing",
              "holding", "looking", "standing", "sitting", "smiling", "posing", "while", "under",
              "against", "by", "her", "his", "the", "a", "an", "girl", "boy", "woman", "man",
              "female", "male", "character", "person", "heterochromia", *_AND, *_LINKS}


def number(text):
    """A number from 0 to MAX_NUMBER as written(), or None: '0.3' for '.30'."""
    return (written(float(text)) if _WRITTEN.fullmatch(text) and float(text) <= MAX_NUMBER
            else None)


def written(value):
    """A number from 0 to MAX_NUMBER as text, to six digits."""
    return f"{value:.6g}"


def is_scale(values):
    """Whether the values of an axis are numbers."""
    return all(number(value) == value for value in values)


def is_whole(values):
    """Whether an axis is read from whole tags."""
    return values == PRESENCE or is_scale(values)


def read(text, axes, spellings, is_list=False, others=()):
    """{axis: set of its values in the text}; a value may be OTHER.

    Args: axes: {axis: values}, numbers as written(); spellings: {other spelling of a word: the one
      in `axes`}; is_list: whether a tag that the text does not mention is absent; others: names of
      axes that are recognized but not returned, so that their values are not taken for those of
      `axes`: the red of 'blue hair red eyes'.
    """
    whole = {axis: values for axis, values in axes.items() if is_whole(values)}
    named = {axis: values for axis, values in axes.items() if axis not in whole}
    named |= {axis: () for axis in others
              if not any(axis in (name, *values) for name, values in axes.items())}
    text = _SETTINGS.split(unicodedata.normalize("NFKC", text).lower())[0]
    text = _NETWORKS.sub(" ", text)
    found = _read_named(text, named, spellings) | _read_whole(text, whole, is_list)
    return {axis: found[axis] for axis in axes}


def _read_whole(text, axes, is_list):
    """read() of the axes that are read from whole tags."""
    found = {axis: set() for axis in axes}
    if not axes:
        return found
    mentioned = set(re.findall(r"[^\W_]+", text))
    is_list = is_list and not _SENTENCE.search(text)
    text = _LOW_GROUP.sub(" ", _joined_scores(_NO_NUMBER.sub(" sign ", text)))
    tags = [tag.strip() for tag in _SEPARATORS.split(text) if tag.strip()]
    for tag in tags:
        # 'no open_mouth' and 'present open_mouth' are one tag, 'blue_hair open_mouth' are two.
        is_one = (_NEGATIONS.intersection(_words(tag))
                  or any(_stated(tag, *axis) for axis in axes.items()))
        for piece in [tag] if is_one else _split(tag):
            for axis, values in axes.items():
                found[axis].update(filter(None, [_stated(piece, axis, values)]))
    worded = [tag for tag in tags if re.search(r"[^\W\d_]{2}", tag)]
    if is_list and (len(worded) > 1 or any("present" in values for values in found.values())):
        for axis, values in axes.items():
            if values == PRESENCE and not found[axis] and not mentioned.issuperset(axis.split("_")):
                found[axis].add("absent")
    return found


def _stated(tag, axis, values):
    """The value that a tag gives to an axis, OTHER if it is none of the axis, or None."""
    # Brackets around a tag and its number are the weight of a prompt.
    words, name = _words(tag.strip("()") if values == PRESENCE else tag), axis.split("_")
    if words == name:
        return "present" if values == PRESENCE else None
    if words[:-1] != name and words[1:] != name:
        return None
    value = words[-1] if words[:-1] == name else words[0]
    if values == PRESENCE and value in _SAYS:
        return _SAYS[value]
    share = number(value.strip("()").removesuffix("%"))
    if share is None:
        return None
    if values == PRESENCE:
        is_count = float(share) > 1 and value.isdigit()  # and no probability or weight
        return OTHER if is_count else "absent" if _is_low(value) else "present"
    inside = "%" not in value and float(values[0]) <= float(share) <= float(values[-1])
    return share if inside else OTHER


def _words(text):
    return [word for word in re.split(r"[\s_:=\"']+", text) if word]


def _read_named(text, axes, spellings):
    """read() of the axes whose values are words beside their names."""
    found = {axis: set() for axis in axes}
    text = _joined_scores(text)
    text = _QUALIFIED.sub(lambda match: match[0] if spellings.get(match[1], match[1]) in axes
                          else " ", _LOW_GROUP.sub(" ", text))
    open_axis = None  # of 'hair: blue', while tags that are only values follow
    for tag in _split(text):
        items = _items(tag, axes, spellings)
        if not items or _is_low(tag) or _is_of_another(items):
            continue
        if _is_negated(tag, items) or any(("word", part) in items for part in _PARTS):
            for axis in axes:
                if ("axis", axis) in items:
                    found[axis].add(OTHER)
            continue
        values = [word for kind, word in items if kind == "value"]
        if open_axis and len(values) == len(items):
            found[open_axis].update(value if value in axes[open_axis] else OTHER
                                    for value in values)
            continue
        is_open = (items[0][0] == "axis" and re.search("[:=]", tag)
                   and all(kind != "word" for kind, _ in items))
        open_axis = items[0][1] if is_open else None
        for axis, value in _pairs(items):
            found[axis].add(value if value in axes[axis] else OTHER)
        if "eyes" in found and re.search(r"\bheterochrom|\bodd[\W_]*eye", tag):
            found["eyes"].add(OTHER)
    return found


def _joined_scores(text):
    return "\n".join(map(_with_scores, text.split("\n")))


def _with_scores(line):
    """The line with probabilities as part of their tags: 'blue_hair:0.1, red_eyes:0.9'."""
    line = re.sub(r"(?<=\d)\s%", "%", line)
    if _BEGINS_WITH_SCORE.match(line):
        return _SCORE_BEFORE.sub(r"\1:", line)
    return _SCORE_AFTER.sub(":", line)


def _split(text):
    for tag in _SEPARATORS.split(text):
        tag = re.sub(r"\s*([:=])\s*", r"\1", tag.strip())
        yield from tag.split() if "_" in tag else [tag]


def _is_low(tag):
    """Whether a tag has a probability below 0.5: '0 blue hair', 'blue hair:0.1'."""
    return any(float(number) / (100 if percent else 1) < 0.5
               for number, percent in _NUMBER.findall(tag))


def _is_negated(tag, items):
    # A word that is a value of some axis, as in 'no smile', is that value.
    return bool(_MINUS.search(tag)) or any(kind == "word" and word in _NEGATIONS
                                           for kind, word in items)


def _is_of_another(items):
    """Whether hair and eyes are those of an animal or a thing."""
    for (kind, word), (_, following) in zip(items, [*items[1:], ("", "")]):
        if kind == "word" and word in _ANIMALS and following not in _PERSONS:
            return True
        if following in ("with", "has") and kind == "word" and word not in _PERSONS:
            return True
    return False


def _items(tag, axes, spellings):
    """[(kind, word)] of a tag; kind is 'axis', 'value' or 'word'."""
    known = set().union(*axes.values())
    items = []
    for word in _TOKEN.findall(tag):
        word = spellings.get(word, word)
        before = items[-1] if items else ("", "")
        if word in axes:
            items.append(("axis", word))
        elif word in known:
            if before == ("value", OTHER):  # 'light blue' is one value
                continue
            if len(items) > 1 and before[1] in _AND and items[-2][0] == "value":
                items.pop()                 # 'blue and pink' are two
            elif len(items) > 1 and before[1] in _LINKS and items[-2][0] == "axis":
                items.pop()                 # 'hair is blue'
            items.append(("value", word))
        elif word in _COLOR and before[0] in ("axis", "value"):
            continue                        # 'hair color', 'blue colored'
        elif word in _SHADES or len(word) > 4 and word.endswith("ish"):
            if before[1] in _LINKS and len(items) > 1 and items[-2][0] == "axis":
                items.pop()
            if before != ("value", OTHER):
                items.append(("value", OTHER))
        else:
            items.append(("word", word))
    return [item for item in items if item[1] not in (":", "=")]


def _pairs(items):
    """(axis, value) of adjacent items; (axis, OTHER) if the value is ambiguous."""
    if _is_couples(items):
        yield from ((axis, value) for (kind, value), (_, axis) in zip(items[::2], items[1::2])
                    if kind == "value")
        return
    start = 0
    while start < len(items):
        end = start
        while end < len(items) and items[end][0] != "word":
            end += 1
        run = items[start:end]
        if end < len(items) and items[end][1] not in _FOLLOWING:
            run = _without_last(run)
        yield from _paired(run)
        start = end + 1


def _is_couples(items):
    """Whether a tag is a word in front of each of several axes, as 'blue hair mauve eyes': if it is
    no value of that axis, those of the others are clear nevertheless."""
    kinds, axes = [kind for kind, _ in items[::2]], [word for _, word in items[1::2]]
    return (len(items) > 2 and len(items) % 2 == 0 and len({*axes}) == len(axes)
            and "axis" not in kinds and all(kind == "axis" for kind, _ in items[1::2])
            and not any(word in _FOLLOWING or word in _PERSONS for _, word in items[::2]))


def _without_last(run):
    """A run of items without the axis and the values that belong to the noun after it. Of 'blue
    eyes white dragon' nothing is left."""
    if not run or run[-1][0] == "value":
        return []
    run = run[:-1]
    while run and run[-1][0] == "value":
        run = run[:-1]
    return run


def _paired(run):
    couples = list(zip(run[::2], run[1::2]))
    if len(run) % 2 == 0 and all({a[0], b[0]} == {"axis", "value"} for a, b in couples):
        for couple in couples:
            words = dict(couple)
            yield words["axis"], words["value"]
    elif any(kind == "value" for kind, _ in run):
        for kind, word in run:
            if kind == "axis":
                yield word, OTHER
