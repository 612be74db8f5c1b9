"""The flags: what there are, which mode takes which, and what their values mean. Needs no TensorFlow."""
import pathlib
import re
import sys

from absl import flags

from anime_gan_tf import __version__, attributes, recipes
from anime_gan_tf.errors import UserError, choose

# mode -> the flags that it takes
GROUPS = {"any": ("mode", "seed"),
          "train": ("model", "run", "data", "budget", "start_from", "eval_every", "save_every", "strategy",
                    "precision", *recipes.FLAGS),
          "infer": ("model", "run", "hair", "eyes", "num", "out", "separate", "matrix", "latent", "top_k", "pool",
                    "vary", "strength", "keep"),
          "walk": ("model", "run", "hair", "eyes", "num", "latent", "frames", "out"),
          "fade": ("model", "run", "hair", "eyes", "num", "latent", "frames", "out"),
          "mix": ("model", "run", "num", "latent", "out"),
          "project": ("images", "model", "run", "data", "num", "steps", "out"),
          "neighbours": ("images", "model", "run", "data", "hair", "eyes", "num", "out"),
          "process": ("model", "run", "out"),
          "models": (),
          "evaluate": ("model", "run", "images", "data", "features", "num", "out"),
          "inspect": ("data", "clean", "out"),
          "tag": ("data", "threshold", "out"),
          "classifier": ("data", "epochs", "out"),
          "export": ("model", "run", "out", "latent_std"),
          "benchmark": ("what", "model", "data", "precision", "out", *recipes.FLAGS),
          "compare": ("model", "data", "budget", "out", *recipes.FLAGS)}
MODES = [mode for mode in GROUPS if mode != "any"]
BENCHMARKS = {"pipeline": ("model", "data", "precision", *recipes.FLAGS),  # the flags that --what takes
              "torch": ("model", *recipes.FLAGS),
              "startup": (),
              "cost": ("model", "out", *recipes.FLAGS)}

flags.DEFINE_string("mode", None, ", ".join(MODES))
flags.DEFINE_string("model", None, f"{', '.join(recipes.RECIPES)}  [train: dcgan; infer: the newest run]")
flags.DEFINE_string("run", None, "name of the run in checkpoints/, or a generator.npz to infer with  "
                    "[train: MODEL_DATA; else: the newest]")
flags.DEFINE_integer("seed", 0, "the same seed and command give the same weights, the same faces",
                     lower_bound=0, upper_bound=2 ** 32 - 1)
# train
flags.DEFINE_string("data", None, "folder or .zip of faces, tfds:NAME, or drawn  [what is in data/, else drawn]")
flags.DEFINE_string("start_from", None, "begin with the networks of this run or generator.npz instead of noise")
flags.DEFINE_float("eval_every", None, "kimg between small evaluations; the best generator is kept", lower_bound=0.001)
flags.DEFINE_string("save_every", "5m", "wall time between two saves of the state")
flags.DEFINE_string("strategy", "one", "of devices: one, mirrored (all of this machine's), or multiworker (a process on each "
                    "machine, as TF_CONFIG says)")
flags.DEFINE_string("precision", "auto", "number format to compute in: float32, bfloat16, or auto, which is bfloat16 where the "
                    "processor has units for it")
flags.DEFINE_string("budget", None, "stop after this wall time, such as 30m, 2h or 1h30m, schedules scaled to it")
# infer
flags.DEFINE_string("hair", None, f"any, {', '.join(attributes.HAIR)}; walk, fade: several, as in aqua:pink")
flags.DEFINE_string("eyes", None, f"any, {', '.join(attributes.EYES)}; walk, fade: several, as in blue:red")
flags.DEFINE_integer("num", None, "how many faces; face i is that of seed + i  [infer: 25; evaluate: 5000; walk, mix: 6; "
                     "fade: 1; project, neighbours: 8]", lower_bound=1, upper_bound=1_000_000)
flags.DEFINE_string("latent", None, "start from the faces in this file of --mode project, or in a PNG of this program")
flags.DEFINE_integer("top_k", None, "of --pool faces only the best so many, by discriminator and wanted colours",
                     lower_bound=1, upper_bound=10_000)
flags.DEFINE_integer("pool", None, "how many faces --top_k chooses from  [8 times as many]",
                     lower_bound=1, upper_bound=100_000)
flags.DEFINE_string("vary", None, "variations of the (first) face in this PNG of this program")
flags.DEFINE_float("strength", None, "of --vary: 0 is the same noise, 1 new noise  [0.3]", lower_bound=0, upper_bound=1)
flags.DEFINE_string("keep", None, "of --vary: what stays, of hair, eyes, noise; the rest is drawn anew  [hair,eyes]")
# walk, fade, project
flags.DEFINE_integer("frames", 25, "pictures from one face (walk) or colour (fade) to the next, 25 a second",
                     lower_bound=1, upper_bound=10_000)
flags.DEFINE_integer("steps", 300, "of the descent to a face", lower_bound=1, upper_bound=1_000_000)
flags.DEFINE_string("out", None, "the picture (or the file) to write; walk, fade, process: a .gif, .webp or .mp4  "
                    "[below pictures/]")
flags.DEFINE_bool("separate", False, "also one file a face, with labels.csv, in a folder beside the picture")
flags.DEFINE_bool("matrix", False, "every hair colour by every eye colour, for the noise vector of --seed")
# evaluate, inspect, tag
flags.DEFINE_string("images", None, "evaluate: a folder or .zip of faces, with tags.csv or labels.csv or without; "
                    "project, neighbours: an image, or a folder or .zip of them (the flag's name may be left out)")
flags.DEFINE_string("features", "perceptual", "to measure with: perceptual (an ImageNet network's, and faces as a second "
                    "opinion), faces (the attribute classifier's), inception, or a classifier.npz of --mode classifier")
flags.DEFINE_string("clean", None, "a new folder or .zip for a copy without unreadable files and twins")
flags.DEFINE_string("what", "pipeline", "to measure: pipeline (against the train step), torch (the step against PyTorch's), "
                    "startup, or cost (speed and memory as width, batch and image size grow)")
flags.DEFINE_float("threshold", 0.8, "the least confidence at which a colour is written", lower_bound=0, upper_bound=1)

for _name, _field in recipes.FLAGS.items():
    _define = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string,
               bool: flags.DEFINE_bool}[_field.type]
    _define(_name, None, _field.metadata["help"])

flags.DEFINE_alias("g_every", "n_critic")
FLAGS = flags.FLAGS


def parse_flags(argv):
    """Parses argv; answers --help and a bad flag itself. Used by absl.app.run."""
    if len(argv) < 2 or argv[1] == "help" or any(word in ("-h", "--help", "-help") for word in argv[1:]):
        print(help_text())
        sys.exit(0)
    if "--version" in argv:
        print(f"anime_gan_tf {__version__}")
        sys.exit(0)
    try:
        rest = FLAGS(argv)[1:]
        if len(rest) == 1 and FLAGS.mode in ("project", "neighbours") and FLAGS.images is None:
            FLAGS.images = rest.pop()
        if rest:
            raise UserError(f"{rest[0]!r} is not a flag; flags start with --, as in --mode train")
        if FLAGS.mode is None:
            raise UserError(f"--mode is missing; it is one of {', '.join(MODES)}")
        choose("--mode", FLAGS.mode, MODES)
        for name in sorted(set().union(*GROUPS.values()) - {*GROUPS["any"], *GROUPS[FLAGS.mode]}):
            if FLAGS[name].present:
                raise UserError(f"--{name}: not a flag of --mode {FLAGS.mode}")
    except (flags.Error, UserError, ValueError) as error:  # absl leaks ValueError for --noflip=3
        fail(_tidy(str(error)), UserError.exit_code)
    return argv


def help_text():
    """What --help prints: every flag, by the modes that take it."""
    lines = ["Train, steer and explore GANs that draw anime faces.", "",
             "  python main.py --mode train --budget 8m             train on the built-in drawn faces",
             "  python main.py --mode train --model rpgan --data faces.zip",
             "  python main.py --mode infer --hair aqua --eyes orange",
             "  python main.py --mode evaluate --data faces.zip     how good the newest run's faces are, in figures",
             "  python main.py --mode inspect --data faces.zip      what is in a set of faces, and wrong with it",
             "  python main.py --mode benchmark --model wgan_gp     images/s of the pipeline and of the step", ""]
    for mode, names in GROUPS.items():
        lines.append(f"for {mode} mode:" if mode == "any" else f"for --mode {mode}:")
        again = mode != "train" and set(recipes.FLAGS) <= set(names)
        lines += [f"  --{name:<22}{FLAGS[name].help}" for name in names if not (again and name in recipes.FLAGS)]
        lines += ["  and a recipe's scalars, as for --mode train"] * again + [""]
    lines.append("A flag of a recipe's scalar replaces the recipe's own value (anime_gan_tf/recipes.py).")
    return "\n".join(lines)


def colour(axis):
    """The index that --hair or --eyes names, UNKNOWN where it is any or not given."""
    return attributes.lookup(axis, FLAGS[axis].value or attributes.ANY)


def way(axis):
    """[index, ...] of the colours that --hair aqua:pink names."""
    colours = [attributes.lookup(axis, name) for name in FLAGS[axis].value.split(":")]
    if attributes.UNKNOWN in colours:
        raise UserError(f"--{axis}: any is no place to go to; leave the flag out, or name colours")
    return colours


def kept():
    """The set of what --keep names."""
    parts = ("hair", "eyes", "noise")
    keep = {choose("--keep", part.strip(), parts) for part in (FLAGS.keep or "hair,eyes").split(",")}
    if keep == set(parts):
        raise UserError("--keep: nothing is left to vary; leave one of hair, eyes and noise out")
    return keep


def png(what, subject):
    """--out, or pictures/WHAT_SUBJECT.png."""
    if FLAGS.out is None:
        return pathlib.Path("pictures") / f"{what}_{slug(pathlib.PurePath(subject).stem)}.png"
    if not FLAGS.out.lower().endswith(".png"):
        raise UserError(f"--out: {FLAGS.out} does not end in .png")
    return pathlib.Path(FLAGS.out)


def animated():
    """--out as a path, refused where nothing can write it; None where it is not given."""
    from anime_gan_tf import animation
    if FLAGS.out is None:
        return None
    animation.check(FLAGS.out)
    return pathlib.Path(FLAGS.out)


def seconds(flag):
    """The seconds that a flag such as --budget 1h30m means."""
    text = FLAGS[flag].value
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip().lower())
    parts = [float(part or 0) for part in match.groups()] if match else [0.0]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    if not total:
        raise UserError(f"--{flag}: {text!r} is not a time; write 30m, 2h, 1h30m or 90s")
    return total


def slug(text):
    """The text as a part of a file's name."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._-") or "data"


def _tidy(message):
    """absl's flag errors in this program's words."""
    unknown = re.match(r"Unknown command line flag '([^']*)'(.*)", message, re.S)
    if unknown:
        return f"--{unknown[1]}: there is no such flag{unknown[2]}"
    value = re.match(r"flag (--\w+)=(.*?): (.*)", message, re.S)
    if not value:
        return message
    for sign, kind in (("invalid literal for int", "a whole number"), ("to float", "a number"),
                       ("Non-boolean", "true or false")):
        if sign in value[3]:
            return f"{value[1]}: {value[2]!r} is not {kind}"
    return f"{value[1]}: {value[3]}"


def fail(message, code):
    """Says what is wrong in one line and ends the program."""
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
