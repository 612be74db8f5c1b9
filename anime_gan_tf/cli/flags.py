"""The table of modes and flags, for help, error messages and app.py. Needs no TensorFlow."""
import os
import re
import sys
from typing import NamedTuple

from absl import flags

from anime_gan_tf import __version__, recipes, runtime
from anime_gan_tf.console import say
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.evaluation.feature_spaces import FEATURE_SPACES
from anime_gan_tf.labels import DEFAULT_AXES
from anime_gan_tf.storage.schema import MAX_FACES, MAX_SEED

# How many faces, where --num is not given.
NUM = {"infer": 25, "walk": 6, "fade": 1, "mix": 6, "project": 8, "neighbors": 8, "evaluate": 5000}
POOL = 8          # times --top_k
STRENGTH = 0.3    # of --vary
SIZE = 256        # in pixels, of the bundled generator's faces in pictures
MAX_LARGE = 100   # faces of this size in one picture


class Mode(NamedTuple):
    """A mode, the file NAME.py of this folder. flags: those that it takes, besides ANY_MODE."""
    help: str
    flags: tuple


_AXES = (*DEFAULT_AXES, "label")
_HAIR = tuple(axis for axis in DEFAULT_AXES if axis == "hair")  # whose tags --clean checks
_RECIPE = tuple(recipes.FLAGS)
ANY_MODE = ("mode", "seed")
MODES = {
    "train": Mode("train a model; the same command resumes it",
                  ("model", "as_published", "run", "data", "axes", "budget", "until", "start_from",
                   "eval_every", "save_every", "strategy", "precision", *_RECIPE)),
    "infer": Mode("draw faces",
                  ("model", "run", *_AXES, "num", "latent_std", "out", "separate", "matrix",
                   "latent", "top_k", "pool", "vary", "strength", "keep", "slide", "size")),
    "walk": Mode("animate a round trip through faces",
                 ("model", "run", *_AXES, "num", "latent_std", "latent", "slide", "frames", "size",
                  "out")),
    "fade": Mode("animate faces while their colors change or sliders move",
                 ("model", "run", *_AXES, "num", "latent_std", "latent", "slide", "frames", "size",
                  "out")),
    "mix": Mode("draw the colors of each face on the shape of every other",
                ("model", "run", "num", "latent_std", "latent", "slide", "size", "out")),
    "sliders": Mode("find sliders without labels: each changes one thing, as head, hair, eyes",
                    ("model", "run", "size", "out")),
    "project": Mode("find the noise that redraws given faces",
                    ("images", "model", "run", "data", "num", "steps", "size", "out")),
    "neighbors": Mode("show the training faces nearest to drawn or given ones",
                      ("images", "model", "run", "data", *_AXES, "num", "size", "out")),
    "enlarge": Mode("draw small faces four times as large, whatever drew them",
                    ("images", "run", "out")),
    "process": Mode("animate how a run learned, and plot its curves", ("model", "run", "out")),
    "models": Mode("list the recipes, and what is trained", ()),
    "evaluate": Mode("measure how good faces are",
                     ("model", "run", "images", "data", "features", "num", "latent_std", "size",
                      "out")),
    "crop": Mode("find the faces in whole pictures, and cut them out to train on",
                 ("data", "out", "size", "margin", "background", "alpha", "largest", "detector")),
    "inspect": Mode("find what is wrong with a set of faces",
                    ("data", "axes", "clean", *_HAIR, "out")),
    "tag": Mode("tag faces by the classifier", ("data", "threshold", "out")),
    "classifier": Mode("train the attribute classifier", ("data", "axes", "epochs", "out")),
    "detector": Mode("train the face detector of --mode crop",
                     ("data", "margin", "epochs", "start_from", "out")),
    "page": Mode("write a generator as a web page that draws offline",
                 ("model", "run", "latent_std", "out")),
    "export": Mode("write a generator as one small file, for this program or others",
                   ("model", "run", "out", "format", "latent_std", "hair_by_pixels")),
    "compare": Mode("train every recipe for a time, or until it draws faces, and measure all",
                    ("model", "data", "budget", "until", "eval_every", "out", *_RECIPE)),
}

_SIZE = (f"of the bundled generator {SIZE}, but its own for more than {MAX_LARGE} faces; of others "
         f"their own")
# {flag: {mode: its default there, for help, None where it has to be given}}; of other modes "", or
# else that of the flag itself.
_DEFAULTS = {
    "model": {"train": "dcgan", "compare": "all of them", "": "any recipe"},
    "run": {"train": "MODEL_DATA", "enlarge": "the bundled enlarger", "": "the newest"},
    "axes": {"train": f"those of the run, else {', '.join(DEFAULT_AXES)}",
             "": ", ".join(DEFAULT_AXES)},
    "margin": {"": 0.025},
    "data": dict.fromkeys(("crop", "detector")) | dict.fromkeys(
        ("inspect", "tag", "classifier"), "what is in data/") | {
            "": "what is in data/, else drawn"},
    "out": {"crop": None, "tag": "tags.csv in the folder of --data",
            "export": "the run's name and the ending of --format", "": "below pictures/"}
    | {mode: f"checkpoints/{mode}.npz" for mode in ("classifier", "detector")},
    "num": NUM,
    "size": {"crop": SIZE, "evaluate": "that of the generator", "": _SIZE},
    "pool": {"infer": f"{POOL} times as many"},
    "strength": {"infer": STRENGTH}}

_RECIPES = ", ".join(recipes.RECIPES)
_DRAWING = ", ".join(name for name, recipe in recipes.RECIPES.items() if not recipe.enlarges)
_ANIMATION = "the animation to write, a .gif, .webp or .mp4"
# {flag: {mode: its help there}}, where that of the flag itself would not fit.
_HELP = {
    "model": {"train": _RECIPES, "compare": f"recipes, with commas between them: {_DRAWING}"}
    | dict.fromkeys(("process", "export"), f"the newest run of this recipe: {_RECIPES}"),
    "run": {"train": "name of the run, a folder in checkpoints/",
            "enlarge": "a run of an enlarger in checkpoints/, or its generator.npz",
            "process": "name of the run in checkpoints/"},
    "data": {"crop": "folder or .zip of pictures",
             "detector": "folders or .zips of faces, with commas between them"}
    | dict.fromkeys(("inspect", "tag", "classifier"), "folder or .zip of faces"),
    "start_from": {"detector": "begin with the weights of this detector.npz"},
    "images": {"evaluate": "measure these faces: a folder or .zip, with tags.csv or labels.csv or "
                           "without",
               "enlarge": "an image, or a folder or .zip of them"},
    "num": {"project": "how many held-out faces of --data, where there are no --images"},
    "size": {"crop": "of the faces in pixels; faces of less than half of it are left out"},
    "margin": {"detector": "margin on each side of the faces in --data, as a share of their boxes; "
                           "or one for each data set, as in 0.025,0.16"},
    "slide": {"fade": "NAME=FROM:TO,... of sliders that --mode sliders found, as in turn=-2:2; "
                      "NAME=STEPS for a fixed slider"},
    "frames": {"walk": "pictures from one face to the next, 25 a second"},
    "out": {"crop": "a folder for the faces", "enlarge": "a folder for the pictures",
            "tag": "the table to write", "page": "the page to write, an .html",
            "export": "the file to write"}
    | dict.fromkeys(("walk", "fade", "process"), _ANIMATION)
    | dict.fromkeys(("classifier", "detector"), "the file to write, an .npz")}
for _axis, _values in DEFAULT_AXES.items():
    _HELP[_axis] = dict.fromkeys(("infer", "neighbors"), f"any, {', '.join(_values)}") | {
        "inspect": f"of --clean, the color whose tags are checked: any, {', '.join(_values)}"}

flags.DEFINE_string("mode", None, ", ".join(MODES))
flags.DEFINE_string("model", None, f"the newest run of this recipe: {_DRAWING}")
flags.DEFINE_string("run", None, "name of the run in checkpoints/, or a generator.npz to draw with")
flags.DEFINE_integer("seed", 0, "the same seed and command give the same weights and faces",
                     lower_bound=0, upper_bound=MAX_SEED)
# train
flags.DEFINE_bool("as_published", False, "with the networks and values of the project that the "
                  "recipe is from (--mode models lists them), whatever they draw in a short time")
flags.DEFINE_string("data", None,
                    "folder or .zip of faces, tfds:NAME, or drawn")
flags.DEFINE_string("axes", None, "labels of the data: a JSON file {NAME: [VALUE, ...], ...}")
flags.DEFINE_string("start_from", None,
                    "begin with the networks of this run or generator.npz instead of random ones")
flags.DEFINE_float("eval_every", None, "kimg between evaluations; the best generator is kept",
                   lower_bound=0.001)
flags.DEFINE_string("save_every", "5m", "wall time between two saves of the state")
flags.DEFINE_string("strategy", "one", "of devices: one, mirrored (all of this machine's), or "
                    "multiworker (a process on each machine, as TF_CONFIG says)")
flags.DEFINE_string("precision", "auto", "number format to compute in: float32, bfloat16, or auto, "
                    "which is bfloat16 where the processor has units for it")
flags.DEFINE_string("budget", None,
                    "stop after this wall time, such as 30m, 2h or 1h30m, schedules scaled to it")
flags.DEFINE_string("until", None, "stop when the perceptual Frechet distance of an evaluation (of "
                    "an enlarger its error) is this or less, or at faces, where a person "
                    "recognizes faces")
# infer
for _axis, _values in DEFAULT_AXES.items():
    flags.DEFINE_string(_axis, None, f"any, {', '.join(_values)}; or several, as in "
                        f"{_values[0]}:{_values[min(2, len(_values) - 1)]}")
_axis, _values = next(iter(DEFAULT_AXES.items()))
flags.DEFINE_multi_string("label", None, "NAME=VALUE,... of any axes of the checkpoint, also "
                          f"numbers; {_axis}={_values[0]} is the same as --{_axis} {_values[0]}; "
                          "may be given several times")
flags.DEFINE_integer("num", None, "how many faces; face i is that of seed + i", lower_bound=1,
                     upper_bound=MAX_FACES)
flags.DEFINE_string("latent", None, "start from the faces in this file of --mode project, or in a "
                    "PNG of this program")
flags.DEFINE_integer("top_k", None,
                     "draw only so many faces, the best of --pool, by discriminator and requested "
                     "colors",
                     lower_bound=1, upper_bound=10_000)
flags.DEFINE_integer("pool", None, "how many faces --top_k chooses from",
                     lower_bound=1, upper_bound=100_000)
flags.DEFINE_string("vary", None, "variations of the (first) face in this PNG of this program")
flags.DEFINE_float("strength", None, "of --vary: 0 is the same noise, 1 new noise",
                   lower_bound=0, upper_bound=1)
flags.DEFINE_string("keep", None, f"of --vary: what stays, of {', '.join(DEFAULT_AXES)} (or "
                    f"the checkpoint's axes), noise; the rest is drawn anew  [all axes]")
flags.DEFINE_string("slide", None, "NAME=STEPS,... of sliders that --mode sliders found, as in "
                    "turn=1.5,light=-1")
flags.DEFINE_integer("size", None, "of the faces in pixels; the bundled enlarger draws what is "
                     "larger than the generator's own", lower_bound=8, upper_bound=4096)
# walk, fade, project
flags.DEFINE_integer("frames", 25,
                     "pictures from one color or end of a slider to the next, 25 a second",
                     lower_bound=1, upper_bound=10_000)
flags.DEFINE_integer("steps", 300, "optimization steps for a face", lower_bound=1,
                     upper_bound=1_000_000)
flags.DEFINE_string("out", None, "the picture to write, a .png")
flags.DEFINE_string("format", "npz",
                    "of the file: npz (of this program), keras (of Keras's own layers) or onnx")
flags.DEFINE_bool("hair_by_pixels", False,
                  "move the labels of hair until its pixels have the color of their name")
flags.DEFINE_bool("separate", False,
                  "also one file per face, with labels.csv, in a folder of the picture's name")
flags.DEFINE_bool("matrix", False,
                  "every value of the first axis by every one of the second, for the noise "
                  "vector of --seed")
# evaluate, inspect, tag
flags.DEFINE_string("images", None, "an image, or a folder or .zip of them (the flag's name may be "
                    "left out)")
flags.DEFINE_string("features", next(iter(FEATURE_SPACES)), "to measure with: "
                    + "".join(f"{name} ({text}), " for name, text in FEATURE_SPACES.items())
                    + "or a classifier.npz of --mode classifier")
flags.DEFINE_string("clean", None,
                    "a new folder or .zip for a copy without unreadable files and twins; with "
                    "--hair COLOR (any: every color) without tags of hair that its pixels do not "
                    "show")
flags.DEFINE_string("margin", None, "margin on each side of a face's box, as a share of the box")
flags.DEFINE_string("background", None, "color behind transparent pictures: a name or #rrggbb  "
                    "[white]")
flags.DEFINE_bool("alpha", False, "keep what is transparent transparent")
flags.DEFINE_bool("largest", False, "only the largest face of each picture")
flags.DEFINE_string("detector", None, "a detector.npz of --mode detector, or a cascade file (.xml) "
                    "for OpenCV 4  [the bundled detector]")
flags.DEFINE_float("threshold", 0.8, "the least confidence at which a tag is written",
                   lower_bound=0, upper_bound=1)

for _name, _field in recipes.FLAGS.items():
    _define = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string,
               bool: flags.DEFINE_bool}[_field.type]
    _define(_name, None, _field.metadata["help"])

flags.DEFINE_alias("g_every", "n_critic")
FLAGS = flags.FLAGS
for _name in {*ANY_MODE, *(name for mode in MODES.values() for name in mode.flags)}:
    FLAGS[_name].allow_overwrite = False  # --label, which may be repeated, ignores this
PATHS = ("run", "data", "axes", "start_from", "latent", "vary", "images", "features", "clean",
         "detector", "out")


def parse_flags(argv):
    """Parses argv; flags of an earlier call are reset. Handles --help and invalid flags itself.
    Used by absl.app.run."""
    runtime.open_streams()
    FLAGS.unparse_flags()
    if len(argv) < 2:
        _answer(EXAMPLES)
    if argv[1] == "help" or any(word in ("-h", "--help", "-help") for word in argv[1:]):
        _answer(help_text(_mode_in(argv)))
    if "--version" in argv:
        _answer([f"anime_gan_tf {__version__}"])
    try:
        _parse(argv)
    except UserError as error:
        fail(error)
    return argv


def _parse(argv):
    """Sets the FLAGS.

    Raises:
      UserError: there is no such flag, the mode does not take it, or its value is invalid.
    """
    try:
        rest = FLAGS(argv)[1:]
    except (flags.Error, ValueError) as error:  # absl leaks ValueError for --noflip=3
        raise _converted(error) from None
    if len(rest) == 1 and FLAGS.mode in ("project", "neighbors") and FLAGS.images is None:
        FLAGS.images = rest.pop()
    for word, value in zip(argv[1:], argv[2:]):
        name = word.lstrip("-")
        if (rest[:1] == [value] and value.lower() in ("true", "false") and word.startswith("-")
                and name in FLAGS and FLAGS[name].boolean):
            raise UserError(f"--{name}", Fault.INVALID,
                            f"takes no {value}; --{name} is true, and --no{name} false")
    if rest:
        raise UserError(rest[0], Fault.INVALID,
                        "not a flag; flags start with --, as in --mode train")
    for name in PATHS:  # a shell leaves --out=~/x.png as it is
        if FLAGS[name].value is not None:
            FLAGS[name].value = os.path.expanduser(FLAGS[name].value)
    if FLAGS.mode is None:
        raise UserError("--mode", Fault.MISSING, f"not given; it is one of {', '.join(MODES)}")
    choose("--mode", FLAGS.mode, MODES)
    for name in MODES[FLAGS.mode].flags:  # which absl's bounds do not refuse
        if FLAGS[name].value != FLAGS[name].value:
            raise UserError(f"--{name}", Fault.INVALID, "nan is not a number")
    for name in sorted({name for mode in MODES.values() for name in mode.flags}
                       - {*MODES[FLAGS.mode].flags}):
        if FLAGS[name].present:
            raise UserError(f"--{name}", Fault.CONFLICT, f"not a flag of --mode {FLAGS.mode}")


def _answer(lines):
    try:
        say(*lines)
    except BrokenPipeError:
        end_of_pipe()
    except OSError as error:  # a full disk
        fail(f"output: {error.strerror}")
    sys.exit(0)


def end_of_pipe():
    """Ends the program when a reader such as `| head` has closed the pipe."""
    # Else the interpreter's last flush would fail as well.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)


def overrides():
    """{field of a Recipe: value of its flag, or None}."""
    return {name: FLAGS[name].value for name in _RECIPE}


def _mode_in(argv):
    """The mode in argv, for --help, or None."""
    words = [word.partition("=") for word in argv]
    for (name, sign, value), (following, _, _) in zip(words, words[1:] + [("", "", "")]):
        mode = value if sign else following
        if name in ("--mode", "-mode") and mode in MODES:
            return mode
    return None


EXAMPLES = [
    "Train, steer and explore GANs that draw anime faces.", "",
    "  python main.py --mode infer --hair aqua --eyes orange      draw faces, with nothing trained",
    "  python main.py --mode train --model rpgan_32 --budget 8m   train on built-in drawn faces",
    "  python main.py --mode train --model rpgan --data FACES",
    "  python main.py --mode evaluate --data FACES                how good the newest faces are",
    "  python main.py --mode inspect --data FACES                 what is wrong with faces", "",
    "  python main.py --mode walk --help                          the flags of one mode",
    "  python main.py --help                                      all modes and flags"]


def help_text(mode=None):
    """The lines of --help: all flags, by mode, or the flags of one mode."""
    if mode:
        return [f"--mode {mode}: {MODES[mode].help}", "",
                *_lines((*MODES[mode].flags, "seed"), mode)]
    lines = [*EXAMPLES, "", "for any mode:", *_lines(ANY_MODE, None), ""]
    for name, mode in MODES.items():
        again = name != "train" and set(_RECIPE) <= set(mode.flags)
        lines += [f"for --mode {name}: {mode.help}",
                  *_lines((flag for flag in mode.flags if not (again and flag in _RECIPE)), name),
                  *["  and the fields of a recipe, as for --mode train"] * again, ""]
    lines.append("The flag of a recipe's field replaces the recipe's value "
                 "(anime_gan_tf/recipes.py).")
    return lines


def _lines(names, mode):
    """The lines of flags in the help of a mode, or of any."""
    lines = []
    for name in names:
        defaults = _DEFAULTS.get(name, {})
        default = defaults.get(mode, defaults.get("", FLAGS[name].default))
        # absl adds a line to that of a flag that may be repeated.
        text = _HELP.get(name, {}).get(mode, FLAGS[name].help.partition(";\n")[0])
        lines.append(f"  --{name:<27}{text}"
                     + (f"  [{default}]" if default is not None and default is not False else ""))
    return lines


def _converted(error):
    """absl's flag error as a UserError."""
    message = " ".join(str(error).split())
    unknown = re.match(r"Unknown command line flag '([^']*)'(?:.*Did you mean: (\S+))?", message)
    if unknown:
        hint = f" (did you mean --{unknown[2]}?)" if unknown[2] else ""
        return UserError(f"--{unknown[1]}", Fault.UNKNOWN, f"there is no such flag{hint}")
    missing = re.match(r"Missing value for flag (-+[\w-]+)", message)
    if missing:
        return UserError(missing[1], Fault.MISSING, "needs a value")
    if repeated := re.match(r"flag (--\w+)=(.*): already defined as ?(.*)", message):
        return UserError(repeated[1], Fault.CONFLICT, f"given twice, as {repeated[3]!r} and as "
                                                      f"{repeated[2]!r}; give it once")
    value = re.match(r"flag (--\w+)=(.*?): (.*)", message)
    if not value:
        flag = re.search(r"--\w+", message)
        return UserError(flag[0] if flag else "", Fault.INVALID, message)
    for sign, kind in (("invalid literal for int", "a whole number"), ("to float", "a number"),
                       ("Non-boolean", "true or false")):
        if sign in value[3]:
            return UserError(value[1], Fault.INVALID, f"{value[2]!r} is not {kind}")
    return UserError(value[1], Fault.INVALID, value[3])


def fail(error):
    """Prints an error in one line and ends the program. error: a UserError, or text."""
    code = getattr(error, "exit_code", UserError.exit_code)
    stopped = code > 128  # by a signal, which is no error
    end(error if stopped else f"error: {error}", code)


def end(line, code):
    """Prints why the program ends, and ends it."""
    try:
        say(line, file=sys.stderr)
    except OSError:  # the terminal is closed; buffered output cannot be written either
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
