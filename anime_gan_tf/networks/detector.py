"""The network of the face detector, which finds faces in a picture at one scale.

It is fully convolutional, with a heat map and a size for each of its cells, as in CenterNet (Zhou
et al., "Objects as Points", 2019), and adds coarse layers to finer ones (Lin et al., "Feature
Pyramid Networks", 2017).
"""
import keras
from keras import layers

STRIDE = 8             # pixels per cell
MULTIPLE = 32          # the sides of a picture are multiples of it
TYPICAL = 36.0         # side of a box, in pixels, whose predicted logarithm is 0
_INITIAL_LOGIT = -4.0  # of a face in any cell


def build():
    """Pictures (batch, height, width, 3) in [-1, 1], sides multiples of MULTIPLE, at least 64 ->
    (batch, height / 8, width / 8, 4), for each cell of STRIDE pixels: the logit that the center of
    a face is in it, the offset of the center from the middle of the cell to the right and down, in
    cells, and log(side / TYPICAL)."""
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
    return keras.ops.convert_to_tensor([_INITIAL_LOGIT] + [0.0] * (shape[0] - 1), dtype)


def _convolution(x, width, stride=1, activate=True):
    x = layers.Conv2D(width, 3, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.97)(x)
    return layers.ReLU()(x) if activate else x


def _residual(x):
    y = _convolution(_convolution(x, x.shape[-1]), x.shape[-1], activate=False)
    return layers.ReLU()(layers.Add()([x, y]))
