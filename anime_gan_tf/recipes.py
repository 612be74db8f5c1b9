"""The table of models. A new GAN is one entry here, and a network or a loss only if these are new.

Nothing here imports TensorFlow, so that flags are checked before it is loaded.
"""
import dataclasses
import math
import reprlib

from anime_gan_tf import optimizers
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.families import (
    D_NORM,
    D_WIDTH,
    DCGAN,
    DEPTH,
    FAMILIES,
    having,
    NOISE,
    PROJECTION,
    SMALL_IMAGES,
    TRUNKS,
)
from anime_gan_tf.losses import ADVERSARIAL, ATTRIBUTE
from anime_gan_tf.optimizers import OPTIMIZERS
from anime_gan_tf.published import PUBLISHED

IMAGE_SIZES = (16, 32, 48, 64, 96, 128, 192, 256)
UPSAMPLINGS = ("transposed", "nearest")
NORMS = ("none", "batch", "instance")
INITIALIZATIONS = ("normal", "dcgan", "pytorch")
SCALES = (2, 4)
# Metrics of the evaluations during training.
FRECHET, ENLARGING_ERROR = "frechet", "enlarging_error"


# What a field may need of a Recipe to have an effect.
def _is_conditional(recipe):
    return recipe.conditional


def _has_embedding(recipe):
    return recipe.conditional and recipe.embedding_dim > 0


def _has_labeled_logits(recipe):
    return recipe.loss == "bce"


def _has_penalty(recipe):
    return recipe.gradient_penalty > 0 or recipe.r1_r2 > 0


def _uses_adam(recipe):
    return "adam" in optimizers.names(recipe)


def _option(default, text, trait=None, *, limits=None, choices=None, shapes_generator=False,
            needs=None):
    """A field of a Recipe that is a flag too: the one place that describes it.

    Args:
      text: the flag's help; trait: what networks must have for it (families.py), None for all.
      limits: (lowest, highest), both included, a tiny lowest for "above zero"; choices: its values.
      shapes_generator: whether the shapes of the generator's weights depend on it.
      needs: a function of a Recipe: whether the field has an effect; None if it always has.
    """
    networks = trait and having(trait)
    if networks and trait not in (NOISE, SMALL_IMAGES, DEPTH):  # their texts say it
        text += f" ({', '.join(networks)} networks)"
    return dataclasses.field(default=default, metadata={
        "help": text, "networks": networks, "limits": limits,
        "choices": None if choices is None else tuple(choices),
        "shapes_generator": shapes_generator, "needs": needs})


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that defines a model and its training. Every field but the first three is also a
    command-line flag of the same name."""
    source: str       # the project or paper; published.py lists the differences
    networks: str     # a key of families.FAMILIES
    conditional: bool = False  # takes labels

    image_size: int = _option(
        64, "height and width of the images in pixels", choices=IMAGE_SIZES, shapes_generator=True)
    width: int = _option(
        64, "channels of the narrowest layers; cost grows at most with its square",
        limits=(4, 1024), shapes_generator=True)
    d_width: int = _option(
        0, "the discriminator's width; 0 is that of the generator", D_WIDTH, limits=(0, 1024))
    depth: int = _option(
        16, "residual blocks: in all (srresnet networks); at each size, of both networks (resnet "
        "networks) or of the generator (pyramid networks); at the small size (enlarger networks)",
        DEPTH, limits=(1, 256), shapes_generator=True)
    scale: int = _option(
        4, "how many times larger an enlarger draws a face: 2 or 4", SMALL_IMAGES, choices=SCALES,
        shapes_generator=True)
    crop_size: int = _option(
        128, "height and width of the crops that an enlarger trains on", SMALL_IMAGES,
        limits=(16, 256))
    latent_dim: int = _option(
        100, "length of the latent z", NOISE, limits=(1, 4096), shapes_generator=True)
    latent_std: float = _option(
        1.0, "standard deviation of the latent z; with less than in training fewer faces are "
        "broken, and they vary less", NOISE, limits=(1e-6, 100))
    embedding_dim: int = _option(
        0, "length of a learned embedding of the labels, an input of the generator; 0 is one-hot "
        "labels", limits=(0, 4096), shapes_generator=True, needs=_is_conditional)
    upsampling: str = _option(
        "transposed", "in the generator: transposed convolutions; or nearest, a convolution behind "
        "nearest-neighbor upsampling, which leaves no checkerboard", DCGAN, choices=UPSAMPLINGS,
        shapes_generator=True)
    initialization: str = _option(
        "normal", "normal: N(0, 0.02), but He's in a discriminator without a norm; dcgan: "
        "N(0, 0.02), and N(1, 0.02) of BatchNorm's gamma; pytorch: the uniform numbers of that "
        "library", DCGAN, choices=INITIALIZATIONS)
    bias: bool = _option(False, "biases in all convolutions that no norm follows", DCGAN)
    discriminator_norm: str = _option(
        "none", "in the discriminator: none, batch or instance", D_NORM, choices=NORMS)
    projection: bool = _option(
        False, "the discriminator also takes the labels, which a real face has to fit; of "
        "conditional recipes", PROJECTION, needs=_is_conditional)
    shared_trunk: bool = _option(
        True, "the discriminator's real/fake output and its attribute outputs have one trunk; off, "
        "one each", TRUNKS)
    perceptual: float = _option(
        0.0, "weight of a second discriminator's logit, of heads on frozen ImageNet features; 0 is "
        "off; --start_from may add it to a trained one", NOISE, limits=(0, 1000))

    loss: str = _option("bce", f"adversarial pair: {', '.join(ADVERSARIAL)}", choices=ADVERSARIAL)
    real_label: float = _option(
        1.0, "target of the discriminator for reals under the bce loss; 0.8 to 0.9 smooths it",
        limits=(0.5, 1), needs=_has_labeled_logits)
    generator_label: float = _option(
        1.0, "target of the generator for its fakes under the bce loss", limits=(0.5, 1),
        needs=_has_labeled_logits)
    adversarial_weight: float = _option(
        1.0, "lambda of the adversarial loss and its penalty, where there are other losses",
        limits=(0, 1e6))
    attribute_loss: str = _option(
        "softmax", "softmax: one for each axis of the labels; sigmoid: one for each value, where "
        "an unknown label counts as none of them", choices=ATTRIBUTE, needs=_is_conditional)
    g_attribute_weight: float = _option(
        1.0, "weight of the attribute loss, a sum over the axes, in the generator's loss; in the "
        "discriminator's it is 1", limits=(0, 1e6), needs=_is_conditional)
    reconstruction: float = _option(
        0.0, "weight of the mean absolute difference between enlarged and true crops", SMALL_IMAGES,
        limits=(0, 1000))
    feature_loss: float = _option(
        0.0, "weight of the mean absolute difference between their feature maps in a frozen "
        "ImageNet network", SMALL_IMAGES, limits=(0, 1000))
    warmup_share: float = _option(
        0.0, "share of the run before the generator's adversarial loss begins", SMALL_IMAGES,
        limits=(0, 1))
    gradient_penalty: float = _option(
        0.0, "lambda of the WGAN-GP gradient penalty; 0 is off", limits=(0, 1e6))
    r1_r2: float = _option(
        0.0, "gamma of the zero-centered penalty on reals and on fakes; 0 is off", limits=(0, 1e6))
    final_r1_r2_share: float = _option(
        1.0, "share of gamma left at the end of the run (cosine); 1 is constant", limits=(0, 1),
        needs=lambda recipe: recipe.r1_r2 > 0)
    penalty_every: int = _option(
        1, "apply the gradient penalty at every N-th discriminator update, times N (lazy "
        "regularization)", limits=(1, 1000), needs=_has_penalty)
    weight_clip: float = _option(
        0.0, "clip the critic's weights to +-this after its update; 0 is off", limits=(0, 100))

    optimizer: str = _option(
        "adam", f"of both networks: {', '.join(OPTIMIZERS)}; torch_rmsprop is RMSprop with "
        "PyTorch's defaults", choices=OPTIMIZERS)
    d_optimizer: str = _option(
        "same", "the discriminator's; same is that of the generator",
        choices=(*OPTIMIZERS, "same"))
    learning_rate: float = _option(2e-4, "of both networks, initially", limits=(1e-12, 10))
    d_learning_rate_factor: float = _option(
        1.0, "the discriminator's learning rate, as a multiple of the generator's",
        limits=(0.001, 1000))
    final_learning_rate_share: float = _option(
        1.0, "share of the learning rate left at the end of the run (cosine); 1 is constant",
        limits=(0, 1))
    learning_rate_period: float = _option(
        0.0, "epochs in which the learning rate falls to that share, to rise again in as many, and "
        "so on, one step an epoch; 0 is one fall over the run", limits=(0, 1e6))
    beta_1: float = _option(0.5, "Adam's first-moment decay", limits=(0, 0.999999),
                            needs=_uses_adam)
    beta_2: float = _option(0.999, "Adam's second-moment decay", limits=(0, 0.999999),
                            needs=_uses_adam)
    n_critic: int = _option(
        1, "discriminator updates, each on fresh reals, per generator update (also --g_every)",
        limits=(1, 100))
    batch_size: int = _option(16, "images in one update of one network", limits=(2, 65536))
    epochs: float = _option(50.0, "passes over the data; fractions are fine", limits=(1e-09, 1e9))
    embedding_only: bool = _option(
        False, "train only the label embedding of a --start_from generator, to adapt its labels to "
        "other faces", needs=_has_embedding)
    balance: float = _option(
        0.0, "how far training evens out the combinations of attributes: 0 is as often as in the "
        "data, 1 is equally often, 0.5 by the square root of their frequency", limits=(0, 1),
        needs=_is_conditional)

    ema_share: float = _option(
        0.02, "half-life of the moving average of the generator's weights, as a share of the "
        "images so far; 0 is off", limits=(0, 1))
    flip: bool = _option(True, "mirror half of the real images")
    rotation: float = _option(
        0.0, "rotate real images by up to this many degrees either way", NOISE, limits=(0, 45))
    translation: float = _option(
        0.0, "shift all images in front of the discriminator by up to this share of their size",
        limits=(0, 0.5))
    jit: bool = _option(False, "compile the step with XLA")

    @property
    def enlarges(self):
        """Whether the generator takes a small face in place of noise."""
        return SMALL_IMAGES in FAMILIES[self.networks].traits

    @property
    def generator_inputs(self):
        """The names of the generator's inputs in training.train_step."""
        return ("small",) if self.enlarges else ("z", "labels") if self.conditional else ("z",)

    @property
    def training_size(self):
        """Height and width of the images that a step trains on."""
        return self.crop_size if self.enlarges else self.image_size

    @property
    def target_metric(self):
        """The metric by which evaluations choose the best generator, and that of --until; lower is
        better."""
        return ENLARGING_ERROR if self.enlarges else FRECHET


RECIPES = {
    "dcgan": Recipe(
        source="Animation Avatar Generation's DCGAN, by its report; where that says nothing, "
               "Radford et al. 2015",
        networks="dcgan", discriminator_norm="batch"),
    "dcgan_96": Recipe(
        source="use-gan-to-generate-Anime-avatar, after chapter 7 of Chen Yun's PyTorch book, "
               "whose values stand for those it does not name: a 5x5 layer of stride 3 at 96 px, "
               "a label of 0.8 for reals, D on SGD at every batch, G on Adam at every fifth",
        networks="dcgan", image_size=96, upsampling="nearest", discriminator_norm="batch",
        real_label=0.8, d_optimizer="sgd", d_learning_rate_factor=50.0, n_critic=5),
    "dcgan_128": Recipe(
        source="Waifu_Generator at 128 px, in six layers from 1,024 channels as others build it",
        networks="dcgan", image_size=128, discriminator_norm="batch", upsampling="nearest"),
    "wgan": Recipe(
        source="Arjovsky et al. 2017, algorithm 1: clip 0.01, RMSprop, n_critic 5; the networks "
               "of its code are DCGAN's",
        networks="dcgan", upsampling="nearest", discriminator_norm="batch", loss="wasserstein",
        weight_clip=0.01, optimizer="rmsprop", learning_rate=2e-4, n_critic=5, epochs=200.0),
    "wgan_gp": Recipe(
        source="Anime-WGAN at 64 px (WGAN64.py), after Gulrajani et al. 2017, algorithm 1. "
               "Without a norm in the critic it is what Animation Avatar Generation compared with "
               "DCGAN",
        networks="dcgan", loss="wasserstein", gradient_penalty=10.0, learning_rate=4e-4,
        beta_2=0.9, n_critic=5, epochs=200.0),
    "acgan_dcgan": Recipe(
        source="Animation Avatar Generation's first ACGAN, by its report: DCGAN's trunk with "
               "heads for hair and eyes beside the logit; attributes learned from reals only, "
               "lambda 1",
        networks="dcgan", conditional=True, discriminator_norm="batch", latent_dim=64,
        latent_std=math.exp(-1 / math.pi), rotation=15.0, epochs=100.0),
    "acgan": Recipe(
        source="Animation Avatar Generation (ACGAN.py), after Jin et al. 2017. Here D has blocks "
               "of two convolutions, normalized features for both heads, one LeakyReLU a layer; G "
               "has ICNR (Aitken et al. 2017) in front of pixel shuffle",
        networks="srresnet", conditional=True, latent_dim=64, latent_std=math.exp(-1 / math.pi),
        learning_rate=4e-4, beta_2=0.9, rotation=15.0, epochs=300.0),
    "resnet_wgan": Recipe(
        source="gan_resnet with its Wasserstein loss, which as published has a sigmoid in front "
               "of it, as its hinge loss has: behind that the two are one. Residual blocks of 64 "
               "channels, average pooling, nearest upsampling, RMSprop; here BatchNorm and ReLU "
               "in front of each convolution, and one fall of the rate",
        networks="resnet", depth=1, discriminator_norm="batch", loss="wasserstein",
        weight_clip=0.1, optimizer="rmsprop", learning_rate=2e-4, final_learning_rate_share=0.0),
    "rpgan": Recipe(
        source="this project, for the best faces an hour on a CPU (docs/experiments/rpgan.md): "
               "relativistic pairing with R1 + R2 (R3GAN, Huang et al. 2024), a projection "
               "discriminator (Miyato and Koyama 2018) with attribute heads trained on reals, a "
               "perceptual discriminator beside it (after projected GANs, Sauer et al. 2021), a "
               "generator whose noise and labels enter at every size (after FastGAN, Liu et al. "
               "2021), lazy penalties (Karras et al. 2020a), differentiable translation (Zhao et "
               "al. 2020)",
        networks="pyramid", conditional=True, projection=True, width=32, depth=1, latent_dim=64,
        embedding_dim=64, perceptual=1.0, loss="relativistic", adversarial_weight=10.0,
        r1_r2=0.05, final_r1_r2_share=0.5, penalty_every=16, d_learning_rate_factor=1.5,
        final_learning_rate_share=0.1, beta_2=0.99, ema_share=0.06, translation=0.125,
        epochs=100.0),
    "enlarger": Recipe(
        source="this project: the second stage that Animation Avatar Generation hoped for, as "
               "SRGAN (Ledig et al. 2017) with a relativistic pair (ESRGAN, Wang et al. 2018): "
               "residual blocks without BatchNorm, pixel shuffle, L1, frozen ImageNet features "
               "(Johnson et al. 2016), a spectrally normalized discriminator of patches. Pairs "
               "of images are shifted by up to 8 px before they are compared; otherwise a strided "
               "layer always meets the same phase of the pixel shuffle, which leaves stipple",
        networks="enlarger", image_size=256, width=48, depth=12, loss="relativistic",
        adversarial_weight=0.03, reconstruction=1.0, feature_loss=0.5, warmup_share=0.1,
        learning_rate=4e-4, final_learning_rate_share=0.05, beta_1=0.9, beta_2=0.99, batch_size=8,
        translation=0.0625, epochs=100.0),
}
RECIPES["wgan_gp_up"] = dataclasses.replace(
    RECIPES["wgan_gp"],
    source="Anime-WGAN's P form (WGANP.py): wgan_gp with nearest upsampling and 3x3 convolutions "
           "in place of transposed ones, against checkerboards (Odena et al. 2016)",
    upsampling="nearest")
RECIPES["acgan_separate"] = dataclasses.replace(
    RECIPES["acgan"],
    source="Guessed to be better by Animation Avatar Generation, which has no code of it: acgan "
           "with two networks in place of one discriminator, one for real or fake and one for the "
           "attributes",
    shared_trunk=False)
RECIPES["wgan_gp_256"] = dataclasses.replace(
    RECIPES["wgan_gp"],
    source="Anime-WGAN's unfinished try at 256 px (WGAN256.py). Here WGAN-GP with residual blocks "
           "and nearest upsampling, channels from 16 at 256 px doubling inwards up to 128",
    networks="resnet_pyramid", image_size=256, width=16, depth=1)
RECIPES["resnet_hinge"] = dataclasses.replace(
    RECIPES["resnet_wgan"],
    source="gan_resnet with its hinge loss, without the sigmoid in front of it, which needs no "
           "clipped weights; else as resnet_wgan",
    loss="hinge", weight_clip=0.0, discriminator_norm="none")
RECIPES["rpgan_32"] = dataclasses.replace(
    RECIPES["rpgan"],
    source="this project, for faces that differ within minutes on a CPU (docs/experiments/"
           "first_command.md): rpgan at 32 px with BatchNorm in the discriminator, a stronger "
           "penalty, a weaker perceptual discriminator, and a smaller lambda",
    image_size=32, discriminator_norm="batch", r1_r2=0.3, perceptual=0.5, adversarial_weight=3.0)

# Numbers of trainable weights of (generator, discriminator), so that they need not be built to be
# listed. A test compares them with the networks.
PARAMETERS = {
    "dcgan": (3_576_704, 2_765_568),
    "dcgan_96": (2_371_136, 2_767_296),
    "dcgan_128": (7_910_976, 11_164_416),
    "wgan": (2_371_136, 2_765_568),
    "wgan_gp": (3_576_704, 2_764_736),
    "acgan_dcgan": (3_470_208, 4_860_951),
    "acgan": (2_013_635, 20_229_176),
    "acgan_separate": (2_013_635, 39_139_928),
    "resnet_wgan": (517_763, 415_296),
    "rpgan": (2_352_819, 2_528_983),
    "enlarger": (646_299, 365_600),
    "wgan_gp_up": (2_371_136, 2_764_736),
    "wgan_gp_256": (1_652_899, 1_411_856),
    "resnet_hinge": (517_763, 413_376),
    "rpgan_32": (1_155_891, 1_299_895),
}

FLAGS = {field.name: field for field in dataclasses.fields(Recipe) if field.metadata}

# {field: (lowest, highest)}, both included.
RANGES = {name: field.metadata["limits"] for name, field in FLAGS.items()
          if field.metadata["limits"]}

# Fields that recipes no longer have -> the only value with which a recipe can still be built.
RETIRED = {"d_every": 1, "g_refine": 0}
# Names of fields in earlier versions -> today's names.
RENAMED = {"d_learning_rate": "d_learning_rate_factor",
           "learning_rate_end": "final_learning_rate_share", "r1_r2_end": "final_r1_r2_share",
           "warmup": "warmup_share"}


def current(fields: dict) -> dict:
    """The fields {name: value} of an earlier version's Recipe, with today's names and values."""
    fields = {RENAMED.get(name, name): value for name, value in fields.items()}
    if isinstance(norm := fields.get("discriminator_norm"), bool):
        fields["discriminator_norm"] = "batch" if norm else "none"
    return fields


def from_saved(fields: dict) -> Recipe:
    """The Recipe of a file of this or an earlier version.

    Raises:
      ValueError, TypeError: this version cannot build it.
    """
    for name, value in RETIRED.items():
        if fields.get(name, value) != value:
            raise ValueError(f"{name} is {fields[name]!r}, which takes version 0.2.0")
    recipe = Recipe(**{name: value for name, value in current(fields).items()
                       if name not in RETIRED})
    check(recipe)
    return recipe


# Activations of a batch, and channels of the innermost layers, beyond the memory of any device.
_MAX_VALUES, _MAX_CHANNELS = 2 ** 36, 8192


def check(recipe: Recipe) -> None:
    """Refuses a Recipe of a file with a field out of range, before anything is built.

    Raises:
      ValueError: with the name of the field.
    """
    if not isinstance(recipe.networks, str) or recipe.networks not in FAMILIES:
        raise ValueError(f"networks is {reprlib.repr(recipe.networks)}")
    if not isinstance(recipe.conditional, bool):
        raise ValueError(f"conditional is {reprlib.repr(recipe.conditional)}")
    for name, field in FLAGS.items():
        value, choices = getattr(recipe, name), field.metadata["choices"]
        kind = (int, float) if field.type is float else field.type
        low, high = field.metadata["limits"] or (value, value)
        if (not isinstance(value, kind) or (isinstance(value, bool) and field.type is not bool)
                or choices and value not in choices or not low <= value <= high):
            raise ValueError(f"{name} is {reprlib.repr(value)}")
    if recipe.projection and not _has(recipe, "projection"):
        raise ValueError("projection is True")
    if why := _unfit_crop(recipe):
        raise ValueError(f"crop_size: {why}")
    if problem := _too_large(recipe):
        raise ValueError(f"{problem[0]} is {getattr(recipe, problem[0])}, {problem[1]}")


def _too_large(recipe):
    """(field, reason) for a Recipe that is too large for any device's memory; else None."""
    innermost = FAMILIES[recipe.networks].innermost_channels(recipe)
    if innermost > _MAX_CHANNELS:
        return "width", (f"which at {recipe.image_size} px is {innermost:,} channels in the "
                         f"innermost layers; {_MAX_CHANNELS:,} is the most")
    if 16 * recipe.d_width > _MAX_CHANNELS:
        return "d_width", f"too large; {_MAX_CHANNELS // 16} is the most"
    if recipe.batch_size * recipe.training_size ** 2 * recipe.width > _MAX_VALUES:
        return "batch_size", (f"too large for faces of {recipe.training_size} px and a width of "
                              f"{recipe.width}")
    return None


def _unfit_crop(recipe):
    """The reason why an enlarger cannot train on crops of that size, or None."""
    if recipe.enlarges and recipe.crop_size > recipe.image_size:
        return (f"{recipe.crop_size} is larger than the pictures, of "
                f"{recipe.image_size} px; use --crop_size {recipe.image_size} or less")
    if recipe.enlarges and recipe.crop_size % (2 * recipe.scale):
        return f"{recipe.crop_size} is not a multiple of {2 * recipe.scale}"
    return None


def resolve(model: str, overrides: dict, as_published: bool = False) -> Recipe:
    """The recipe of that name with some fields replaced.

    Args:
      model: a key of RECIPES.
      overrides: {field: value}; None keeps the recipe's value.
      as_published: whether to begin with the values of the published project (published.py).
    Raises:
      UserError: with the flag and the allowed values.
    """
    choose("--model", model, RECIPES)
    base = RECIPES[model]
    if as_published:
        if model not in PUBLISHED:
            raise UserError("--as_published", Fault.CONFLICT, f"no project published {model}; it "
                            f"is for {', '.join(PUBLISHED)}")
        base = dataclasses.replace(base, **PUBLISHED[model].fields)
    changes = {name: value for name, value in overrides.items() if value is not None}
    for name, value in changes.items():
        choose("field", name, FLAGS)
        kind = FLAGS[name].type
        if not isinstance(value, (int, float) if kind is float else kind) or (
                isinstance(value, bool) and kind is not bool):
            raise UserError(f"--{name}", Fault.INVALID, f"{value!r} is not of type {kind.__name__}")
        choices, limits = (FLAGS[name].metadata[key] for key in ("choices", "limits"))
        if choices and value not in choices:
            choose(f"--{name}", str(value), map(str, choices))
        if limits and not limits[0] <= value <= limits[1]:  # also refuses NaN
            raise UserError(f"--{name}", Fault.INVALID,
                            f"{value} is not between {limits[0]:g} and {limits[1]:g}")
    recipe = dataclasses.replace(base, **changes)
    if why := _unfit_crop(recipe):
        raise UserError("--crop_size", Fault.INVALID, why)
    if problem := _too_large(recipe):
        field, why = problem
        raise UserError(f"--{field}", Fault.TOO_LARGE, f"{getattr(recipe, field)}, {why}")
    for name, value in changes.items():
        if value != getattr(base, name) and not _has(recipe, name):
            others = [other for other, it in RECIPES.items() if _has(it, name)]
            raise UserError(f"--{name}", Fault.CONFLICT,
                            f"changes nothing in {model}; it is for {', '.join(others)}")
    return recipe


def sources(model: str) -> dict[str, str]:
    """{"from": text, "changed": text, ...}: the source of a recipe, and the differences from it."""
    found, published = {"from": RECIPES[model].source}, PUBLISHED.get(model)
    if not published:
        return found
    changed = []
    for why, fields in published.changes.items():
        values = ", ".join(f"{name} {_word(value)} -> {_word(getattr(RECIPES[model], name))}"
                           for name, value in fields.items())
        changed.append(f"{values} ({why})")
    found["changed"] = "; ".join(changed)
    for form, fields in published.variants.items():
        flags = " ".join(f"--{name} {_word(value)}" if not isinstance(value, bool)
                         else f"--{'' if value else 'no'}{name}"
                         for name, value in fields.items())
        found[form] = f"--as_published {flags}"
    if published.omitted:
        found["not rebuilt"] = published.omitted
    if published.unspecified:
        found["chosen here"] = published.unspecified
    return found


def _word(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _has(recipe, name):
    """Whether a field has an effect in a recipe."""
    networks, needs = (FLAGS[name].metadata[key] for key in ("networks", "needs"))
    return ((networks is None or recipe.networks in networks)
            and (needs is None or needs(recipe)))
