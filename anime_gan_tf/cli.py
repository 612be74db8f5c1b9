"""The command line: one small function a --mode, what the user reads, exit codes.

TensorFlow is imported inside the modes, so that --help and a mistyped flag answer at once.
"""
import os
import pathlib
import re
import sys
import time

from absl import logging

from anime_gan_tf import attributes, options, precision, recipes, tensorflow_quietly
from anime_gan_tf.errors import UserError, choose
from anime_gan_tf.options import FLAGS

_STARTED = time.monotonic()  # what --budget counts from


def main(argv):
    """Runs the chosen mode. Used by absl.app.run."""
    del argv
    logging.set_verbosity(logging.ERROR)  # of the libraries; what the user reads is printed
    try:
        MODES[FLAGS.mode]()
    except UserError as error:
        options.fail(str(error), error.exit_code)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's last flush fails too
        sys.exit(141)
    except OSError as error:
        if error.filename is None:
            raise
        options.fail(f"{error.filename}: {error.strerror}", UserError.exit_code)
    except KeyboardInterrupt:
        options.fail("interrupted", 130)


def train():
    budget = options.seconds("budget") if FLAGS.budget is not None else None
    if budget and FLAGS.epochs is not None:
        raise UserError("--budget and --epochs both say when to stop; give one of them")
    if FLAGS.run is not None and not re.fullmatch(r"\w[\w.-]*", FLAGS.run):
        raise UserError(f"--run: {FLAGS.run!r} is not a name; use letters, digits, '_', '-' and '.'")
    model, recipe = _recipe()
    choose("--strategy", FLAGS.strategy, ("one", "mirrored", "multiworker"))
    choose("--precision", FLAGS.precision, precision.CHOICES)
    if FLAGS.strategy == "multiworker" and budget:
        raise UserError("--budget: the workers' clocks differ; with --strategy multiworker say with --epochs when to stop")
    strategy = None
    if FLAGS.strategy != "one":
        if FLAGS.jit:
            raise UserError("--jit: XLA compiles the step of one device; leave it out, or --strategy")
        tensorflow_quietly.load()
        from anime_gan_tf import devices
        strategy = devices.make(FLAGS.strategy, recipe)  # before the data, which TensorFlow Datasets may have to read
    from anime_gan_tf import checkpoints
    start = checkpoints.find_generator(FLAGS.start_from) if FLAGS.start_from else None
    if start:
        checkpoints.check_start(start, recipe)
    faces = _faces(recipe.image_size)
    run = FLAGS.run or f"{model}_{options.slug(pathlib.PurePath(faces.title).stem)}"
    tensorflow_quietly.load()
    from anime_gan_tf import devices, loop
    with devices.together(strategy):
        loop.train(model, recipe, faces, run, FLAGS.seed, budget, _STARTED, FLAGS.eval_every, start,
                   options.seconds("save_every"), strategy, FLAGS.precision)


def infer():
    wanted = tuple(options.colour(axis) for axis in attributes.AXES)
    if FLAGS.matrix and (FLAGS.separate or FLAGS.hair or FLAGS.eyes or FLAGS.num):
        raise UserError("--matrix: draws every colour of one face into one picture; leave --separate, --hair, --eyes and "
                        "--num out")
    if FLAGS.top_k and (FLAGS.latent or FLAGS.vary or FLAGS.matrix or FLAGS.num):
        raise UserError("--top_k: says how many, and chooses among faces of seeds; leave --num, --latent, --vary and "
                        "--matrix out")
    if FLAGS.pool is not None and FLAGS.pool < (FLAGS.top_k or FLAGS.pool + 1):
        raise UserError("--pool: says how many faces --top_k chooses from; give --top_k, and no more than the pool")
    if (FLAGS.strength is not None or FLAGS.keep) and not FLAGS.vary:
        raise UserError("--vary: name the PNG whose face --strength and --keep are about")
    if FLAGS.latent and FLAGS.vary:
        raise UserError("--latent and --vary both say where to start; give one of them")
    keep = options.kept()
    options.png("faces", "")  # refuses an --out that is no .png before TensorFlow loads
    path, trained = _trained(any(FLAGS[flag].value for flag in ("hair", "eyes", "matrix", "keep")))
    seeds, asked = None, {} if trained.table is None else dict(zip(attributes.AXES, attributes.names(wanted)))
    from anime_gan_tf import gallery, points
    gallery.warn_unseen(trained, wanted)
    if FLAGS.top_k:
        from anime_gan_tf import ranking
        seeds = range(FLAGS.seed, FLAGS.seed + (FLAGS.pool or 8 * FLAGS.top_k))
        pool = points.of_seeds(trained, seeds, wanted)
        chosen = ranking.best(trained, path, pool, FLAGS.top_k)
        if len(chosen) < FLAGS.top_k:
            print(f"note: only {len(chosen):,} of the {len(pool):,} faces are unlike each other")
        shown, seeds = pool[chosen], [seeds[i] for i in chosen]
    elif FLAGS.vary:
        shown = points.variations(trained, points.read(FLAGS.vary, trained, "--vary"), FLAGS.num or 25,
                                  0.3 if FLAGS.strength is None else FLAGS.strength, keep, wanted, FLAGS.seed)
    elif FLAGS.latent:
        shown = points.recolour(points.read(FLAGS.latent, trained, "--latent"), wanted)[:FLAGS.num]
    else:
        seeds = range(FLAGS.seed, FLAGS.seed + (FLAGS.num or 25))
        shown = points.of_seeds(trained, seeds, wanted)
    if FLAGS.matrix:
        picture = gallery.matrix(trained, shown, seeds and seeds[0], FLAGS.out)
    else:
        picture = gallery.faces(trained, shown, seeds, asked, FLAGS.out, FLAGS.separate)
    print(f"drawn by {trained.describe()}\nfaces: {picture}")


def walk():
    way = {axis: options.way(axis) for axis in attributes.AXES if FLAGS[axis].value}
    out = options.animated()
    _, trained = _trained(bool(way))
    from anime_gan_tf import explore
    stops = _start(trained, FLAGS.num or 6)
    if len(stops) < 2:
        raise UserError("--num: a walk needs two faces at least")
    out = out or _default_out(trained, "walk")
    _warn_unseen(trained, way)
    sheet = explore.walk(trained, stops, way, FLAGS.frames, out)
    print(f"drawn by {trained.describe()}\nwalk:  {out}\nfaces: {sheet}")


def fade():
    way = {axis: options.way(axis) for axis in attributes.AXES if FLAGS[axis].value}
    if not any(len(colours) > 1 for colours in way.values()):
        raise UserError("--hair: say from where to where a colour fades, as in --hair aqua:pink (or --eyes blue:red)")
    out = options.animated()
    _, trained = _trained(True)
    from anime_gan_tf import explore
    out = out or _default_out(trained, "fade", *(FLAGS[axis].value.replace(":", "-") for axis in way))
    _warn_unseen(trained, way)
    sheet = explore.fade(trained, _start(trained, FLAGS.num or 1), way, FLAGS.frames, out)
    print(f"drawn by {trained.describe()}\nfade:  {out}\nfaces: {sheet}")


def mix():
    options.png("mix", "")  # refuses an --out that is no .png before TensorFlow loads
    _, trained = _trained(False)
    from anime_gan_tf import explore, gallery
    faces = _start(trained, FLAGS.num or 6)
    most = int(gallery.MAX_GRID ** 0.5)
    if not 2 <= len(faces) <= most:
        raise UserError(f"--num: a mix is of 2 to {most} faces, not {len(faces):,}")
    out = pathlib.Path(FLAGS.out or _default_out(trained, "mix", ending=".png"))
    explore.mix(trained, faces, out)
    print(f"drawn by {trained.describe()}\nfaces: {out}")


def project():
    if FLAGS.images and FLAGS.num:
        raise UserError("--num: says how many held-out faces of --data to project; with an image leave it out")
    from anime_gan_tf import checkpoints
    from anime_gan_tf.data import faces, twins
    path = checkpoints.find_generator(FLAGS.run, FLAGS.model)
    size = checkpoints.read_info(path)["recipe"]["image_size"]
    subject = FLAGS.images or f"held_out_{options.slug(pathlib.PurePath(_where()).stem)}"
    out = options.png("project", subject)
    if FLAGS.images:
        images, _ = faces.load_any(FLAGS.images, size, "--images")
    else:
        real = _faces(size)
        held_out = twins.split(real.images).held_out
        if not len(held_out):
            raise UserError(f"--data: {real.title} has {len(real.images):,} faces, too few for a held-out tenth; name an "
                            f"image with --images")
        images = real.images[held_out[::max(1, len(held_out) // (FLAGS.num or 8))][:FLAGS.num or 8]]
    tensorflow_quietly.load()
    trained = checkpoints.load_generator(path)
    from anime_gan_tf import points, projection
    found, nearest = projection.project(trained, path, images, FLAGS.steps, FLAGS.seed)
    figures = projection.report(trained, images, found, nearest, out)
    latent = out.with_suffix(".npz")
    points.write(latent, trained, found)
    print(f"redrawn by {trained.describe()}\n{len(images):,} faces: {figures['psnr']:.1f} dB on average")
    if trained.recipe.conditional:
        print(f"with another hair colour, {figures['hair_changed']:.0%} get that hair and {figures['eyes_kept']:.0%} "
              f"keep the colour of their eyes, says the classifier")
    print(f"latent: {latent}\nfaces: {out}\n"
          f"more:  python main.py --mode infer --latent {latent} --hair pink")


def neighbours():
    if FLAGS.images and (FLAGS.hair or FLAGS.eyes or FLAGS.run or FLAGS.model or FLAGS.num):
        raise UserError("--images: the faces are there already; leave --hair, --eyes, --num, --run and --model out")
    from anime_gan_tf import checkpoints
    from anime_gan_tf.data import faces
    wanted = tuple(options.colour(axis) for axis in attributes.AXES)
    if FLAGS.images:
        out, size = options.png("neighbours", FLAGS.images), 64
        images, names = faces.load_any(FLAGS.images, size, "--images")
        real = _faces(size)
        tensorflow_quietly.load()
    else:
        asked = bool(FLAGS.hair or FLAGS.eyes)
        info = checkpoints.read_info(checkpoints.find_generator(FLAGS.run, FLAGS.model, asked))
        out, real = options.png("neighbours", info["run"]), _faces(info["recipe"]["image_size"])
        _, trained = _trained(asked)
        from anime_gan_tf import points
        seeds = range(FLAGS.seed, FLAGS.seed + (FLAGS.num or 8))
        images, names = points.draw(trained, points.of_seeds(trained, seeds, wanted)), [f"seed {seed}" for seed in seeds]
        if info["data"] != real.title:
            print(f"note: {info['run']} was trained on {info['data']}, not on {real.title}")
    from anime_gan_tf import neighbours as module
    module.neighbours(images, names, real, out)
    print(f"faces: {out}")


def process():
    from anime_gan_tf import checkpoints
    out = options.animated()
    folder = checkpoints.find_generator(FLAGS.run, FLAGS.model).parent
    out = out or pathlib.Path("pictures") / f"{folder.name}_process.gif"
    tensorflow_quietly.load()
    from anime_gan_tf import process as module
    curves = module.process(folder, out)
    print(f"process: {out}\ncurves:  {curves}")


def models():
    from anime_gan_tf import listing
    listing.models()


def evaluate():
    if FLAGS.images and (FLAGS.run or FLAGS.model or FLAGS.num):
        raise UserError("--images: the faces are there already; leave --run, --model and --num out")
    if FLAGS.features not in ("perceptual", "faces", "inception") and not FLAGS.features.endswith(".npz"):
        raise UserError(f"--features: {FLAGS.features!r} is not perceptual, faces, inception or a classifier.npz")
    from anime_gan_tf import checkpoints
    from anime_gan_tf.data import faces, sources
    if FLAGS.images:
        out, size = options.png("evaluation", FLAGS.images), 64
        judged = faces.load(sources.open_path(FLAGS.images, "--images"), size)
    else:
        path = checkpoints.find_generator(FLAGS.run, FLAGS.model)
        info = checkpoints.read_info(path)
        out, size = options.png("evaluation", info["run"]), info["recipe"]["image_size"]
    real = _faces(size)
    tensorflow_quietly.load()
    from anime_gan_tf import evaluate as module
    if FLAGS.images:
        module.evaluate(judged.title, judged.images, judged.tags, real, FLAGS.features, FLAGS.seed, out)
    else:
        module.evaluate_run(path, FLAGS.num or 5000, real, FLAGS.features, FLAGS.seed, out)


def inspect():
    where = _where()
    from anime_gan_tf.data import doctor
    out = options.png("inspect", str(where))
    doctor.inspect(_source(where), out, FLAGS.clean)
    print(f"faces: {out}")


def tag():
    source, where = _source(_where()), pathlib.Path(_where())
    if FLAGS.out is None and not where.is_dir():
        raise UserError(f"--out: say where the tags of {where} go, as in --out tags.csv")
    from anime_gan_tf.data import faces
    untagged = faces.load(source, 64)
    tensorflow_quietly.load()
    from anime_gan_tf import tagging
    picture = pathlib.Path("pictures") / f"tags_{options.slug(where.stem)}.png"
    tagging.tag(untagged, FLAGS.threshold, pathlib.Path(FLAGS.out or where / "tags.csv"), picture)
    print(f"faces: {picture}")


def classifier():
    out = pathlib.Path(FLAGS.out or pathlib.Path("checkpoints") / "classifier.npz")
    if out.suffix != ".npz":
        raise UserError(f"--out: {out} does not end in .npz")
    epochs = recipes.resolve("dcgan", {"epochs": 20.0 if FLAGS.epochs is None else FLAGS.epochs}).epochs  # is it in range?
    faces = _faces(64)
    tensorflow_quietly.load()
    from anime_gan_tf import classifier as module
    told = module.train(faces, out, epochs, FLAGS.seed)
    print(f"held out: {told['faces']:,} faces, hair {told['hair']:.1%}, eyes {told['eyes']:.1%}, both "
          f"{told['both']:.1%} right\nclassifier: {out}, {out.stat().st_size / 1e6:.1f} MB")


def export():
    from anime_gan_tf import checkpoints
    path = checkpoints.find_generator(FLAGS.run, FLAGS.model)
    out = pathlib.Path(FLAGS.out or f"{path.parent.name}.npz")
    if out.suffix != ".npz":
        raise UserError(f"--out: {out} does not end in .npz")
    recipes.resolve("dcgan", {"latent_std": FLAGS.latent_std})  # is it in range?
    for file in checkpoints.export_half(path, out, FLAGS.latent_std):
        print(f"{file.stem}: {file}, {file.stat().st_size / 1e6:.1f} MB")
    print(f"draw:  python main.py --mode infer --run {out}")


def benchmark():
    choose("--what", FLAGS.what, options.BENCHMARKS)
    choose("--precision", FLAGS.precision, precision.CHOICES)
    for name in options.GROUPS["benchmark"]:
        if FLAGS[name].present and name not in ("what", *options.BENCHMARKS[FLAGS.what]):
            raise UserError(f"--{name}: not a flag of --what {FLAGS.what}")
    if FLAGS.what == "torch":
        models = (FLAGS.model or "dcgan,wgan_gp,acgan").split(",")
        tensorflow_quietly.load()
        from anime_gan_tf.benchmark import against_torch
        return against_torch.against_torch(models, {name: FLAGS[name].value for name in recipes.FLAGS})
    if FLAGS.what == "startup":
        from anime_gan_tf.benchmark import startup
        return startup.startup()
    model, recipe = _recipe()
    if FLAGS.what == "cost":
        from anime_gan_tf.benchmark import cost
        return cost.cost(model, recipe, options.png("cost", model))
    faces = _faces(recipe.image_size)
    tensorflow_quietly.load()
    from anime_gan_tf.benchmark import pipeline
    pipeline.pipeline_against_step(model, recipe, faces, precision.choose(FLAGS.precision)[0])


def compare():
    models = FLAGS.model.split(",") if FLAGS.model else [name for name in recipes.RECIPES if name != "rpgan_gpu"]
    for model in models:
        recipes.resolve(model, {name: FLAGS[name].value for name in recipes.FLAGS})
    if FLAGS.budget is None and FLAGS.epochs is None:
        raise UserError("--budget: say how long each recipe may train, as in --budget 10m")
    words = [f"--{name}={FLAGS[name].value}" for name in ("budget", "seed", *recipes.FLAGS) if FLAGS[name].present]
    out, faces = options.png("compare", _where()), _faces(64)
    tensorflow_quietly.load()
    from anime_gan_tf import compare as module
    module.compare(models, [*words, f"--data={_where()}"], faces, out)


MODES = {"train": train, "infer": infer, "walk": walk, "fade": fade, "mix": mix, "project": project,
         "neighbours": neighbours, "process": process, "models": models, "evaluate": evaluate, "inspect": inspect,
         "tag": tag, "classifier": classifier, "export": export, "benchmark": benchmark, "compare": compare}


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
        tensorflow_quietly.load()
        from anime_gan_tf.data import tfds_source
        return tfds_source.open_name(where[len("tfds:"):])
    return sources.open_path(where)


def _warn_unseen(trained, way):
    from anime_gan_tf import gallery
    for axis, colours in way.items():
        for colour in dict.fromkeys(colours):
            wanted = [colour if axis == other else attributes.UNKNOWN for other in attributes.AXES]
            gallery.warn_unseen(trained, wanted)


def _trained(steered):
    """(path, Trained) of the generator that the flags mean.

    steered: whether colours are asked for; one that was trained without tags gets them as vectors."""
    from anime_gan_tf import checkpoints
    flag, info, coloured = next((name for name in ("latent", "vary") if FLAGS[name].present), None), {}, False
    if flag:
        tensorflow_quietly.load()
        from anime_gan_tf import points
        info, coloured = points.read_info(FLAGS[flag].value, f"--{flag}")
    theirs = info.get("run") if not (FLAGS.run or FLAGS.model) else None
    if theirs and theirs not in checkpoints.runs():
        raise UserError(f"--{flag}: {FLAGS[flag].value} was drawn by {theirs}, which is not in "
                        f"{checkpoints.ROOT.resolve()}/; name its generator.npz with --run")
    path = checkpoints.find_generator(FLAGS.run or theirs, FLAGS.model, steered)
    tensorflow_quietly.load()
    trained = checkpoints.load_generator(path)
    if (steered or coloured) and not trained.steerable:
        from anime_gan_tf import vectors
        trained = vectors.steerable(trained)
    if info and info["kimg"] != round(trained.info["kimg"], 1):
        print(f"note: {FLAGS[flag].value} was drawn at {info['kimg']:,.0f} kimg, and {trained.info['run']} stands at "
              f"{trained.info['kimg']:,.0f}: its faces are others now")
    return path, trained


def _start(trained, num):
    """The Points to begin with: those of --latent, or of `num` seeds."""
    from anime_gan_tf import points
    if FLAGS["latent"].value:
        return points.read(FLAGS.latent, trained, "--latent")[:FLAGS.num]
    return points.of_seeds(trained, range(FLAGS.seed, FLAGS.seed + num))


def _default_out(trained, *parts, ending=".gif"):
    from anime_gan_tf import gallery
    return gallery.default_name(trained, [*parts, "latent" if FLAGS.latent else f"seed{FLAGS.seed}"], ending)


