"""Families of networks: one row each, read by flags and recipes before Keras is loaded.

A family is a file of networks/ with two functions of a Recipe and Labels, `generator` and
`discriminator` (networks/__init__.py says what they map), and a row here.
"""
import dataclasses
from collections.abc import Callable

# Traits of networks. A field of a Recipe that is not for all families requires one of them.
NOISE = "noise"                  # the generator maps a latent z to an image
SMALL_IMAGES = "small images"    # the generator maps a small image to a large one
DEPTH = "depth"                  # a number of residual blocks
D_WIDTH = "d_width"              # the discriminator may have a width of its own
D_NORM = "d_norm"                # a choice of the discriminator's norm
SPECTRAL_NORM = "spectral norm"  # the discriminator's convolutions are spectrally normalized
PROJECTION = "projection"        # the discriminator can take the labels
TRUNKS = "trunks"                # the discriminator may have a trunk for each kind of output
DCGAN = "dcgan"                  # the variants of DCGAN: upsampling, initialization, biases


def _innermost_channels(recipe):
    """Channels that double with each smaller map, up to 16 times the width."""
    return min(16, recipe.image_size // 8) * recipe.width


def _of_constant_width(recipe):
    """Channels within a residual block, whatever the side of the map."""
    return 2 * recipe.width


@dataclasses.dataclass(frozen=True)
class Family:
    """A row of FAMILIES.

    Attributes: module: its file in networks/; traits: of its networks, names from above; options:
      further keyword arguments of both functions; innermost_channels: a function of a Recipe, for
      the check of memory.
    """
    module: str
    traits: frozenset
    options: dict = dataclasses.field(default_factory=dict)
    innermost_channels: Callable = _innermost_channels


def stages(size: int, largest_side: int, width: int, growth: int = 2, widest: int | None = None,
           factor: int = 2) -> tuple[int, list[int]]:
    """The feature maps of a network in which the side changes by `factor` from map to map.

    Args: size: side of the outermost map, in pixels; largest_side: of the innermost map; width:
      channels of the outermost map; growth: factor of the channels from map to map inwards, up to
      `widest` times the width.
    Returns: (side of the innermost map, [channels, ...], from the innermost map outwards).
    """
    side, channels = size, [width]
    while side > largest_side:
        side //= factor
        channels.insert(0, growth * channels[0] if widest is None
                        else min(growth * channels[0], widest * width))
    return side, channels


def dcgan_stages(size: int, width: int) -> tuple[int, list[int], list[int]]:
    """(side of the innermost map, channels from there to the full size, strides)."""
    # With an outermost stride of 3, sizes such as 96 also lead to a map of 4x4.
    outermost = 3 if size % 3 == 0 else 2
    side, channels = stages(size // outermost, 4, width, widest=16)
    return side, channels, [2] * (len(channels) - 1) + [outermost]


def shuffle_stages(recipe):
    """stages() of the shuffle generator up to an eighth of the size: four times as many channels
    for every halving of the side."""
    return stages(recipe.image_size // 8, 4, recipe.width, growth=4)


_DCGAN = frozenset({NOISE, D_WIDTH, D_NORM, PROJECTION, DCGAN})
_RESNET = frozenset({NOISE, DEPTH, D_NORM})
_SRRESNET = frozenset({NOISE, DEPTH, SPECTRAL_NORM, TRUNKS})

FAMILIES = {
    "dcgan": Family("dcgan", _DCGAN),
    "dcgan_pooled": Family("dcgan", _DCGAN, {"pooled": True}),
    "enlarger": Family("enlarger", frozenset({SMALL_IMAGES, DEPTH, SPECTRAL_NORM}),
                       innermost_channels=lambda recipe: 4 * recipe.width),
    "gan_resnet": Family("gan_resnet", _RESNET, innermost_channels=_of_constant_width),
    "pyramid": Family("pyramid", frozenset({NOISE, DEPTH, D_WIDTH, D_NORM, PROJECTION})),
    "resnet": Family("resnet", _RESNET, innermost_channels=_of_constant_width),
    "resnet_pyramid": Family("resnet", _RESNET, {"growth": 2}),
    "shuffle": Family("shuffle", frozenset({NOISE, D_WIDTH, D_NORM}),
                      innermost_channels=lambda recipe: shuffle_stages(recipe)[1][0]),
    "srresnet": Family("srresnet", _SRRESNET),
    "srresnet_published": Family("srresnet", _SRRESNET, {"published": True}),
}


def having(trait: str) -> tuple[str, ...]:
    """The names of the families that have a trait."""
    return tuple(name for name, family in FAMILIES.items() if trait in family.traits)
