"""The same training in PyTorch, as a competent student would write it: what this program's speed is measured against.

Covers the dcgan (transposed convolutions) and srresnet networks with the bce and wasserstein losses, the
gradient penalty, attributes and the weight average. channels_last, as PyTorch's CPU kernels like it.
Nothing else in this program needs PyTorch.
"""
import copy
import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from anime_gan_tf.attributes import SIZES
from anime_gan_tf.benchmark.measure import Measured, calls_a_second, peak
from anime_gan_tf.recipes import dcgan_stages

TAGS = sum(SIZES)
BARE = peak()  # with PyTorch loaded and nothing built


def measure(recipe, seconds, compute):
    """measure.Measured of the step, under PyTorch's autocast where the format is bfloat16."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # of the cores that TensorFlow uses as well
    step = make_step(recipe)
    with torch.autocast("cpu", torch.bfloat16, enabled=compute == "bfloat16"):
        rate = calls_a_second(step, seconds)
    return Measured(rate * recipe.n_critic * recipe.batch_size, peak() - BARE, BARE, 0.0)


def make_step(recipe):
    """Returns step(): one generator update and its discriminator updates, on one batch of noise for images."""
    torch.manual_seed(0)
    generator, discriminator = (network.to(memory_format=torch.channels_last) for network in build(recipe))
    average = copy.deepcopy(generator)
    g_optimizer, d_optimizer = (_optimizer(recipe, network) for network in (generator, discriminator))
    shape = (recipe.batch_size, 3, recipe.image_size, recipe.image_size)
    images = (2 * torch.rand(shape) - 1).to(memory_format=torch.channels_last)
    tags = _tags(recipe)

    def generate():
        wanted = _tags(recipe)
        code = [recipe.latent_std * torch.randn(recipe.batch_size, recipe.latent_dim)]
        if recipe.conditional:
            code += [F.one_hot(wanted[:, i], size).float() for i, size in enumerate(SIZES)]
        return generator(torch.cat(code, 1)), wanted

    def update_discriminator():
        with torch.no_grad():
            fakes, _ = generate()
        real, fake = discriminator(images), discriminator(fakes)
        if recipe.loss == "bce":
            loss = F.softplus(real["score"]).mean() - real["score"].mean() + F.softplus(fake["score"]).mean()
        else:
            loss = fake["score"].mean() - real["score"].mean()
        if recipe.gradient_penalty:
            mix = torch.rand(recipe.batch_size, 1, 1, 1)
            between = (images + mix * (fakes - images)).requires_grad_()
            score = discriminator(between)["score"].sum()
            slope, = torch.autograd.grad(score, between, create_graph=True)
            loss = loss + recipe.gradient_penalty * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        loss = recipe.adversarial_weight * loss
        if recipe.conditional:
            loss = loss + _attribute_loss(real, tags)
        d_optimizer.zero_grad()
        loss.backward()
        d_optimizer.step()
        if recipe.weight_clip:
            with torch.no_grad():
                for weight in discriminator.parameters():
                    weight.clamp_(-recipe.weight_clip, recipe.weight_clip)

    def update_generator():
        discriminator.requires_grad_(False)
        fakes, wanted = generate()
        fake = discriminator(fakes)
        loss = F.softplus(-fake["score"]).mean() if recipe.loss == "bce" else -fake["score"].mean()
        loss = recipe.adversarial_weight * loss
        if recipe.conditional:
            loss = loss + _attribute_loss(fake, wanted)
        g_optimizer.zero_grad()
        loss.backward()
        g_optimizer.step()
        discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 0.01)

    def step():
        for _ in range(recipe.n_critic):
            update_discriminator()
        update_generator()

    step.parameters = tuple(sum(weight.numel() for weight in network.parameters())
                            for network in (generator, discriminator))
    return step


def covers(recipe):
    """Whether there is a twin of it here."""
    dcgan = recipe.networks == "dcgan" and recipe.upsampling == "transposed" and not recipe.projection
    network = (dcgan or recipe.networks == "srresnet") and not recipe.perceptual
    return network and recipe.loss in ("bce", "wasserstein") and not recipe.r1_r2


def build(recipe):
    """(generator, discriminator) of a recipe, with the same numbers of weights as this program's."""
    if recipe.networks == "srresnet":
        return _SRResNetGenerator(recipe), _SRResNetDiscriminator(recipe)
    return _dcgan_generator(recipe), _DCGANDiscriminator(recipe)


def _optimizer(recipe, network):
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), recipe.learning_rate)
    return torch.optim.Adam(network.parameters(), recipe.learning_rate, (recipe.beta_1, recipe.beta_2))


def _tags(recipe):
    return torch.stack([torch.randint(size, (recipe.batch_size,)) for size in SIZES], 1)


def _attribute_loss(outputs, tags):
    return sum(F.cross_entropy(logits, tags[:, i]) for i, logits in enumerate(outputs["attributes"].split(SIZES, 1)))


def _outputs(score, attributes=None):
    return {"score": score, "attributes": attributes}


def _dcgan_generator(recipe):
    side, channels, strides = dcgan_stages(recipe)
    inputs = recipe.latent_dim + TAGS * recipe.conditional
    layers = [nn.Unflatten(1, (inputs, 1, 1)), nn.ConvTranspose2d(inputs, channels[0], side, bias=False),
              nn.BatchNorm2d(channels[0]), nn.ReLU(True)]
    for wide, narrow, stride in zip(channels, [*channels[1:], 3], strides):
        layers.append(nn.ConvTranspose2d(wide, narrow, stride + 2, stride, 1, bias=False))
        layers += [nn.BatchNorm2d(narrow), nn.ReLU(True)] if narrow != 3 else [nn.Tanh()]
    return nn.Sequential(*layers)


class _DCGANDiscriminator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        side, channels, strides = dcgan_stages(recipe)
        norm, before, layers = recipe.discriminator_norm, 3, []
        for width, stride in zip(reversed(channels), reversed(strides)):
            layers.append(nn.Conv2d(before, width, stride + 2, stride, 1, bias=not norm))
            layers += [nn.BatchNorm2d(width)] * (norm and before != 3) + [nn.LeakyReLU(0.2, True)]
            before = width
        self.trunk, self.attributes = nn.Sequential(*layers), None
        if recipe.conditional:
            self.trunk.append(nn.Sequential(nn.Flatten(), nn.Linear(side * side * before, 4 * recipe.width),
                                            nn.LeakyReLU(0.2, True)))
            self.score = nn.Linear(4 * recipe.width, 1, bias=False)
            self.attributes = nn.Linear(4 * recipe.width, TAGS)
        else:
            self.score = nn.Sequential(nn.Conv2d(before, 1, side, bias=False), nn.Flatten())

    def forward(self, images):
        features = self.trunk(images)
        return _outputs(self.score(features), self.attributes and self.attributes(features))


class _SRResNetGenerator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        width, side, stages = recipe.width, recipe.image_size, 0
        while side >= 16:
            side, stages = side // 2, stages + 1
        inputs = recipe.latent_dim + TAGS
        self.first = nn.Sequential(nn.Linear(inputs, side * side * width), nn.BatchNorm1d(side * side * width),
                                   nn.Unflatten(1, (width, side, side)), nn.ReLU(True))
        self.blocks = nn.ModuleList(nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(True),
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width)) for _ in range(recipe.depth))
        self.norm, out = nn.BatchNorm2d(width), []
        for _ in range(stages):
            out += [nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2), nn.BatchNorm2d(width), nn.ReLU(True)]
        self.out = nn.Sequential(*out, nn.Conv2d(width, 3, 9, 1, 4), nn.Tanh())

    def forward(self, code):
        skip = x = self.first(code).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            x = x + block(x)
        return self.out(F.relu(self.norm(x)) + skip)


class _SRResNetDiscriminator(nn.Module):
    def __init__(self, recipe):
        super().__init__()
        width = max(recipe.width // 2, 1)

        conv = lambda before, after, size, stride: spectral_norm(nn.Conv2d(before, after, size, stride, 1, bias=False))
        self.first = nn.Conv2d(3, width, 4, 2, 1)
        self.stages, side = nn.ModuleList(), recipe.image_size // 2
        for stage in range(5):
            channels = width * 2 ** stage
            blocks = nn.ModuleList(
                nn.Sequential(conv(channels, channels, 3, 1), nn.LeakyReLU(0.2, True), conv(channels, channels, 3, 1))
                for _ in range(max(recipe.depth // 8, 1) if stage else 1))
            self.stages.append(nn.ModuleList([blocks, conv(channels, 2 * channels, 4 if stage < 2 else 3, 2)]))
            side //= 2
        features = 2 * channels * max(side, 1) ** 2
        head = lambda outputs: nn.Sequential(nn.Linear(features, 512), nn.LeakyReLU(0.2, True), nn.Linear(512, 256),
                                             nn.LeakyReLU(0.2, True), nn.Linear(256, outputs))
        self.score, self.attributes = head(1), head(TAGS)

    def forward(self, images):
        x = F.leaky_relu(self.first(images), 0.2)
        for blocks, down in self.stages:
            for block in blocks:
                x = F.leaky_relu(x + block(x), 0.2)
            x = F.leaky_relu(down(x), 0.2)
        x = x.flatten(1)
        x = F.layer_norm(x, x.shape[1:])
        return _outputs(self.score(x), self.attributes(x))
