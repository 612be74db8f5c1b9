"""Networks: plain functions of a recipe's sizes that return functional keras models."""
import functools

from anime_gan_tf.networks import dcgan, resnet, srresnet

# name -> (generator, discriminator); each takes a Recipe and returns a keras.Model.
# A generator maps z (batch, latent_dim), and tags (batch, 2) int32 where the recipe is conditional,
# to images (batch, size, size, 3) in [-1, 1]. A discriminator maps such images, and tags
# where the recipe has projection, to a dict: "score" (batch, 1) and, where conditional, "hair" (batch, 12)
# and "eyes" (batch, 11) logits.
FAMILIES = {
    "dcgan": (dcgan.generator, dcgan.discriminator),
    "resnet": (resnet.generator, resnet.discriminator),
    "resnet_pyramid": (functools.partial(resnet.generator, growth=2),
                       functools.partial(resnet.discriminator, growth=2)),
    "srresnet": (srresnet.generator, srresnet.discriminator),
}


def build(recipe):
    """Returns (generator, discriminator) of a Recipe, freshly initialised."""
    generator, discriminator = FAMILIES[recipe.networks]
    return generator(recipe), discriminator(recipe)


def build_generator(recipe):
    """Returns only the generator of a Recipe."""
    return FAMILIES[recipe.networks][0](recipe)
