"""The command line: flags, one small function a --mode, what the user reads, exit codes.

TensorFlow is imported inside the modes, so that --help and a mistyped flag answer at once.
"""
import os
import pathlib
import re
import sys
import time

from absl import flags, logging

from anime_gan_tf import __version__, attributes, recipes
from anime_gan_tf.errors import UserError, choose

_STARTED = time.monotonic()  # what --budget counts from

flags.DEFINE_string("mode", None, "train, infer, evaluate, inspect, tag, classifier, export, benchmark or compare")
flags.DEFINE_string("model", None, f"{', '.join(recipes.RECIPES)}  [train: dcgan; infer: the newest run]")
flags.DEFINE_string("run", None, "name of the run in checkpoints/, or a generator.npz to infer with  "
                    "[train: MODEL_DATA; else: the newest]")
flags.DEFINE_integer("seed", 0, "the same seed and command give the same weights, the same faces",
                     lower_bound=0, upper_bound=2 ** 32 - 1)
# train
flags.DEFINE_string("data", None, "folder or .zip of faces, tfds:NAME, or drawn  [what is in data/, else drawn]")
flags.DEFINE_string("start_from", None, "begin with the networks of this run or generator.npz instead of noise")
flags.DEFINE_float("eval_every", None, "kimg between small evaluations; the best generator is kept", lower_bound=0.001)
flags.DEFINE_string("budget", None, "stop after this wall time, such as 30m, 2h or 1h30m, schedules scaled to it")
# infer
flags.DEFINE_string("hair", None, f"any, {', '.join(attributes.HAIR)}")
flags.DEFINE_string("eyes", None, f"any, {', '.join(attributes.EYES)}")
flags.DEFINE_integer("num", None, "how many faces; face i is that of seed + i  [infer: 25; evaluate: 5000]",
                     lower_bound=1, upper_bound=1_000_000)
flags.DEFINE_string("out", None, "the picture (or the file) to write  [below pictures/]")
flags.DEFINE_bool("separate", False, "also one file a face, with labels.csv, in a folder beside the picture")
flags.DEFINE_bool("matrix", False, "every hair colour by every eye colour, for one noise vector")
# evaluate, inspect, tag
flags.DEFINE_string("images", None, "evaluate this folder or .zip of faces, with tags.csv or labels.csv or without")
flags.DEFINE_string("features", "faces", "faces, inception, or a classifier.npz of --mode classifier")
flags.DEFINE_string("clean", None, "a new folder or .zip for a copy without unreadable files and twins")
flags.DEFINE_float("threshold", 0.8, "the least confidence at which a colour is written", lower_bound=0, upper_bound=1)

for _name, _field in recipes.FLAGS.items():
    _define = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string,
               bool: flags.DEFINE_bool}[_field.type]
    _define(_name, None, _field.metadata["help"])

flags.DEFINE_alias("g_every", "n_critic")
FLAGS = flags.FLAGS
_GROUPS = {"any": ("mode", "seed"),
           "train": ("model", "run", "data", "budget", "start_from", "eval_every", *recipes.FLAGS),
           "infer": ("model", "run", "hair", "eyes", "num", "out", "separate", "matrix"),
           "evaluate": ("model", "run", "images", "data", "features", "num", "out"),
           "inspect": ("data", "clean", "out"),
           "tag": ("data", "threshold", "out"),
           "classifier": ("data", "epochs", "out"),
           "export": ("model", "run", "out"),
           "benchmark": ("model", "data", *recipes.FLAGS),
           "compare": ("model", "data", "budget", "out", *recipes.FLAGS)}


def parse_flags(argv):
    """Parses argv; answers --help and a bad flag itself. Used by absl.app.run."""
    if len(argv) < 2 or any(word in ("-h", "--help", "-help", "help") for word in argv[1:]):
        print(help_text())
        sys.exit(0)
    if "--version" in argv:
        print(f"anime_gan_tf {__version__}")
        sys.exit(0)
    try:
        rest = FLAGS(argv)[1:]
        if rest:
            raise UserError(f"{rest[0]!r} is not a flag; flags start with --, as in --mode train")
        if FLAGS.mode is None:
            raise UserError(f"--mode is missing; it is one of {', '.join(MODES)}")
        choose("--mode", FLAGS.mode, MODES)
        for name in sorted(set().union(*_GROUPS.values()) - {*_GROUPS["any"], *_GROUPS[FLAGS.mode]}):
            if FLAGS[name].present:
                raise UserError(f"--{name}: not a flag of --mode {FLAGS.mode}")
    except (flags.Error, UserError, ValueError) as error:  # absl leaks ValueError for --noflip=3
        _fail(_tidy(str(error)), UserError.exit_code)
    return argv


def help_text():
    lines = ["Train, steer and explore GANs that draw anime faces.", "",
             "  python main.py --mode train --budget 8m             train on the built-in drawn faces",
             "  python main.py --mode train --model rpgan --data faces.zip",
             "  python main.py --mode infer --hair aqua --eyes orange",
             "  python main.py --mode evaluate --data faces.zip     how good the newest run's faces are, in figures",
             "  python main.py --mode inspect --data faces.zip      what is in a set of faces, and wrong with it",
             "  python main.py --mode benchmark --model wgan_gp     images/s of the pipeline and of the step", ""]
    for mode in _GROUPS:
        if mode == "benchmark":
            continue
        lines.append(f"for {mode} mode:" if mode == "any" else f"for --mode {mode}:")
        lines += [f"  --{name:<22}{FLAGS[name].help}" for name in _GROUPS[mode]] + [""]
    lines.append("A flag of a recipe's scalar replaces the recipe's own value (anime_gan_tf/recipes.py).")
    return "\n".join(lines)


def main(argv):
    """Runs the chosen mode. Used by absl.app.run."""
    del argv
    logging.set_verbosity(logging.ERROR)  # of the libraries; what the user reads is printed
    try:
        MODES[FLAGS.mode]()
    except UserError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's last flush fails too
        sys.exit(141)
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}", UserError.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", 130)


def train():
    budget = _seconds(FLAGS.budget) if FLAGS.budget is not None else None
    if budget and FLAGS.epochs is not None:
        raise UserError("--budget and --epochs both say when to stop; give one of them")
    if FLAGS.run is not None and not re.fullmatch(r"\w[\w.-]*", FLAGS.run):
        raise UserError(f"--run: {FLAGS.run!r} is not a name; use letters, digits, '_', '-' and '.'")
    model, recipe = _recipe()
    from anime_gan_tf import checkpoints
    start = checkpoints.find_generator(FLAGS.start_from) if FLAGS.start_from else None
    faces = _faces(recipe.image_size)
    run = FLAGS.run or f"{model}_{_slug(pathlib.PurePath(faces.title).stem)}"
    _import_tensorflow()
    from anime_gan_tf import loop
    loop.train(model, recipe, faces, run, FLAGS.seed, budget, _STARTED, FLAGS.eval_every, start)


def infer():
    if FLAGS.model:
        choose("--model", FLAGS.model, recipes.RECIPES)
    wanted = tuple(attributes.lookup(axis, FLAGS[axis].value or attributes.ANY) for axis in attributes.AXES)
    if FLAGS.out and not FLAGS.out.lower().endswith(".png"):
        raise UserError(f"--out: {FLAGS.out} does not end in .png")

    from anime_gan_tf import checkpoints
    asked = [flag for flag in ("hair", "eyes", "matrix") if FLAGS[flag].value]
    path = checkpoints.find_generator(FLAGS.run, FLAGS.model, steered=bool(asked))
    _import_tensorflow()
    trained = checkpoints.load_generator(path)
    if asked and not trained.recipe.conditional:
        raise UserError(f"--{asked[0]}: {trained.info['run']} is a {trained.info['model']} and was "
                        f"trained without tags, so it cannot be steered; leave the flag out, or "
                        f"train --model rpgan")
    from anime_gan_tf import gallery
    if FLAGS.matrix:
        picture = gallery.matrix(trained, FLAGS.seed, FLAGS.out)
    else:
        picture = gallery.faces(trained, wanted, FLAGS.seed, FLAGS.num or 25, FLAGS.out, FLAGS.separate)
    print(f"drawn by {trained.describe()}\nfaces: {picture}")


def evaluate():
    if FLAGS.images and (FLAGS.run or FLAGS.model or FLAGS.num):
        raise UserError("--images: the faces are there already; leave --run, --model and --num out")
    if FLAGS.features not in ("faces", "inception") and not FLAGS.features.endswith(".npz"):
        raise UserError(f"--features: {FLAGS.features!r} is not faces, inception or a classifier.npz")
    from anime_gan_tf import checkpoints
    from anime_gan_tf.data import faces, sources
    if FLAGS.images:
        out, size = _png("evaluation", FLAGS.images), 64
        judged = faces.load(sources.open_path(FLAGS.images, "--images"), size)
    else:
        path = checkpoints.find_generator(FLAGS.run, FLAGS.model)
        info = checkpoints.read_info(path)
        out, size = _png("evaluation", info["run"]), info["recipe"]["image_size"]
    real = _faces(size)
    _import_tensorflow()
    from anime_gan_tf import evaluate as module
    if FLAGS.images:
        module.evaluate(judged.title, judged.images, judged.tags, real, FLAGS.features, FLAGS.seed, out)
    else:
        module.evaluate_run(path, FLAGS.num or 5000, real, FLAGS.features, FLAGS.seed, out)


def inspect():
    where = _where()
    from anime_gan_tf.data import doctor
    out = _png("inspect", str(where))
    doctor.inspect(_source(where), out, FLAGS.clean)
    print(f"faces: {out}")


def tag():
    source, where = _source(_where()), pathlib.Path(_where())
    if FLAGS.out is None and not where.is_dir():
        raise UserError(f"--out: say where the tags of {where} go, as in --out tags.csv")
    from anime_gan_tf.data import faces
    untagged = faces.load(source, 64)
    _import_tensorflow()
    from anime_gan_tf import tagging
    picture = pathlib.Path("pictures") / f"tags_{_slug(where.stem)}.png"
    tagging.tag(untagged, FLAGS.threshold, pathlib.Path(FLAGS.out or where / "tags.csv"), picture)
    print(f"faces: {picture}")


def classifier():
    out = pathlib.Path(FLAGS.out or pathlib.Path("checkpoints") / "classifier.npz")
    if out.suffix != ".npz":
        raise UserError(f"--out: {out} does not end in .npz")
    faces = _faces(64)
    _import_tensorflow()
    from anime_gan_tf import classifier as module
    told = module.train(faces, out, FLAGS.epochs or 20, FLAGS.seed)
    print(f"held out: {told['faces']:,} faces, hair {told['hair']:.1%}, eyes {told['eyes']:.1%}, both "
          f"{told['both']:.1%} right\nclassifier: {out}, {out.stat().st_size / 1e6:.1f} MB")


def export():
    from anime_gan_tf import checkpoints
    path = checkpoints.find_generator(FLAGS.run, FLAGS.model)
    out = pathlib.Path(FLAGS.out or f"{path.parent.name}.npz")
    if out.suffix != ".npz":
        raise UserError(f"--out: {out} does not end in .npz")
    for file in checkpoints.export_half(path, out):
        print(f"{file.stem}: {file}, {file.stat().st_size / 1e6:.1f} MB")
    print(f"draw:  python main.py --mode infer --run {out}")


def benchmark():
    model, recipe = _recipe()
    faces = _faces(recipe.image_size)
    _import_tensorflow()
    from anime_gan_tf import benchmark as module
    module.pipeline_against_step(model, recipe, faces)


def compare():
    models = FLAGS.model.split(",") if FLAGS.model else [name for name in recipes.RECIPES if name != "rpgan_gpu"]
    for model in models:
        recipes.resolve(model, {name: FLAGS[name].value for name in recipes.FLAGS})
    if FLAGS.budget is None and FLAGS.epochs is None:
        raise UserError("--budget: say how long each recipe may train, as in --budget 10m")
    words = [f"--{name}={FLAGS[name].value}" for name in ("budget", "seed", *recipes.FLAGS) if FLAGS[name].present]
    out, faces = _png("compare", _where()), _faces(64)
    _import_tensorflow()
    from anime_gan_tf import compare as module
    module.compare(models, [*words, f"--data={_where()}"], faces, out)


MODES = {"train": train, "infer": infer, "evaluate": evaluate, "inspect": inspect, "tag": tag,
         "classifier": classifier, "export": export, "benchmark": benchmark, "compare": compare}


def _recipe():
    """(name, Recipe) as the flags say."""
    model = FLAGS.model or "dcgan"
    return model, recipes.resolve(model, {name: FLAGS[name].value for name in recipes.FLAGS})


def _faces(size):
    """The Faces that --data names, decoded at `size`."""
    from anime_gan_tf.data import drawn, faces
    where = _where()
    return drawn.load(size) if where == "drawn" else faces.load(_source(where), size)


def _where():
    """What --data says, or what lies in data/, or "drawn"."""
    from anime_gan_tf.data import sources
    return str(FLAGS.data or sources.find_default() or "drawn")


def _source(where):
    """The Source of a folder, a .zip or tfds:NAME."""
    from anime_gan_tf.data import sources
    if where == "drawn":
        raise UserError(f"--data: name a folder or .zip of faces; the built-in ones need no --mode {FLAGS.mode}")
    if where.startswith("tfds:"):
        _import_tensorflow()
        from anime_gan_tf.data import tfds_source
        return tfds_source.open_name(where[len("tfds:"):])
    return sources.open_path(where)


def _png(what, subject):
    """--out, or pictures/WHAT_SUBJECT.png."""
    if FLAGS.out is None:
        return pathlib.Path("pictures") / f"{what}_{_slug(pathlib.PurePath(subject).stem)}.png"
    if not FLAGS.out.lower().endswith(".png"):
        raise UserError(f"--out: {FLAGS.out} does not end in .png")
    return pathlib.Path(FLAGS.out)


def _seconds(text):
    """'1h30m' -> 5400.0"""
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip().lower())
    parts = [float(part or 0) for part in match.groups()] if match else [0.0]
    seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    if not seconds:
        raise UserError(f"--budget: {text!r} is not a time; write 30m, 2h, 1h30m or 90s")
    return seconds


def _slug(text):
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


def _fail(message, code):
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _import_tensorflow():
    """Imports TensorFlow without its start-up notes, unless the user set their level.

    The notes are written from C++ before any log level applies, straight to file descriptor 2, so
    that is pointed elsewhere meanwhile. Python's exceptions come through.
    """
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX512-VNNI, where they are as useful.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3") != "3" or "tensorflow" in sys.modules:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow  # noqa: F401
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)
