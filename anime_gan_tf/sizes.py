"""The feature maps of a DCGAN, for networks of any framework: needs neither Keras nor TensorFlow."""


def dcgan_stages(recipe):
    """(side of the smallest feature map, channels from there outwards to the full size, strides likewise)."""
    # The outermost stride is 3 where that leads to a 4x4 map as at the powers of two.
    strides = [3 if recipe.image_size % 3 == 0 else 2]
    side, channels = recipe.image_size // strides[0], [recipe.width]
    while side > 4:
        side //= 2
        strides.insert(0, 2)
        channels.insert(0, min(2 * channels[0], 16 * recipe.width))
    return side, channels, strides
