"""The face detector's network: where in a picture faces are, at one scale.

Fully convolutional, with a heat map and a size for each of its cells, as CenterNet has them (Zhou
et al., "Objects as Points", 2019), and coarse layers that are added to finer ones (Lin et al.,
"Feature Pyramid Networks", 2017).
"""
import keras
from keras import layers

STRIDE = 8          # pixels a cell
MULTIPLE = 32       # of pixels: the sides of pictures
TYPICAL = 36.0      # pixels: the side of a box whose predicted logarithm is 0
_RARE = -4.0        # logit of a face in any cell, at first


def build():
    """pictures (batch, height, width, 3) in [-1, 1], sides multiples of MULTIPLE, at least 64 ->
    (batch, height / 8, width / 8, 4) for each cell of STRIDE pixels: the logit of a face's center
    being in it, how far right and down of its middle in cells, log(side / TYPICAL)."""
    picture = keras.Input((None, None, 3), name="picture")
    x = _convolution(picture, 16, 2)
    x = _residual(_convolution(x, 32, 2))
    fine = _residual(_convolution(x, 64, 2))
    middle = _residual(_convolution(fine, 80, 2))
    coarse = _convolution(_convolution(middle, 80, 2), 80)
    x = layers.Add()([middle, layers.UpSampling2D()(coarse)])
    x = layers.Conv2D(64, 1, name="to_fine")(x)
    x = _convolution(layers.Add()([fine, layers.UpSampling2D()(x)]), 64)
    x = layers.Conv2D(4, 1, dtype="float32", name="cells", bias_initializer=_bias)(x)
    return keras.Model(picture, x, name="detector")


def _bias(shape, dtype=None):
    return keras.ops.convert_to_tensor([_RARE] + [0.0] * (shape[0] - 1), dtype)


def _convolution(x, width, stride=1, activate=True):
    x = layers.Conv2D(width, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU()(x) if activate else x


def _residual(x):
    y = _convolution(_convolution(x, x.shape[-1]), x.shape[-1], activate=False)
    return layers.ReLU()(layers.Add()([x, y]))
