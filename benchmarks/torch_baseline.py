"""An idiomatic PyTorch baseline of the training step, for comparisons of speed.

It has every loss, both penalties, attributes, translation and the weight average, in channels_last,
which is fastest on CPUs. As in PyTorch's DCGAN example, the last update of D and that of G use the
same fakes. Nothing else in this program needs PyTorch.
"""
import copy
import os

import torch
from torch.nn import functional as F

from anime_gan_tf.labels import DEFAULT
from benchmarks import torch_networks
from benchmarks.measure import calls_a_second, Measured, peak

BARE = peak()  # with PyTorch loaded and nothing built
LOSSES = {  # (of D, of G), functions of the logits of reals and of fakes
    "bce": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(),
            lambda r, f: F.softplus(-f).mean()),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda r, f: -f.mean()),
    "relativistic": (lambda r, f: F.softplus(f - r).mean(), lambda r, f: F.softplus(r - f).mean()),
}


def measure(recipe, seconds, compute):
    """measure.Measured of the step, with autocast if the format is bfloat16."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # the same cores as TensorFlow
    step = Step(recipe)
    with torch.autocast("cpu", torch.bfloat16, enabled=compute == "bfloat16"):
        rate = calls_a_second(step, seconds)
    return Measured(rate * recipe.n_critic * recipe.batch_size, peak() - BARE, BARE, 0.0)


class Step:
    """One generator update and its discriminator updates, on one batch of noise for images."""

    def __init__(self, recipe):
        torch.manual_seed(0)
        self.recipe, self.updates = recipe, 0
        self.generator, self.discriminator = (network.to(memory_format=torch.channels_last)
                                              for network in torch_networks.build(recipe))
        self.ema_generator = copy.deepcopy(self.generator)
        self.g_optimizer, self.d_optimizer = (_optimizer(recipe, network)
                                              for network in (self.generator, self.discriminator))
        shape = (recipe.batch_size, 3, recipe.image_size, recipe.image_size)
        self.images = (2 * torch.rand(shape) - 1).to(memory_format=torch.channels_last)
        self.tags = self._random_tags()

    def __call__(self):
        for _ in range(self.recipe.n_critic - 1):
            with torch.no_grad():
                drawn = self._draw()
            self._update_discriminator(*drawn)
        drawn = self._draw()
        self._update_discriminator(*drawn)
        self._update_generator(*drawn)
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema_generator.parameters()),
                                 list(self.generator.parameters()), 0.01)

    def _draw(self):
        recipe = self.recipe
        tags = self.tags if recipe.loss == "relativistic" else self._random_tags()
        inputs = [recipe.latent_std * torch.randn(recipe.batch_size, recipe.latent_dim)]
        return self.generator(torch.cat(inputs + [_one_hot(tags)] * recipe.conditional, 1)), tags

    def _update_discriminator(self, fakes, tags):
        recipe, fakes = self.recipe, fakes.detach()
        real, fake = self._discriminate(self.images, self.tags), self._discriminate(fakes, tags)
        loss = LOSSES[recipe.loss][0](real["logits"], fake["logits"])
        self.updates += 1
        if (recipe.gradient_penalty or recipe.r1_r2) and self.updates % recipe.penalty_every == 0:
            loss = loss + recipe.penalty_every * self._penalty(fakes, tags)
        loss = recipe.adversarial_weight * loss
        if recipe.conditional:
            loss = loss + _attribute_loss(real, self.tags)
        self.d_optimizer.zero_grad()
        loss.backward()
        self.d_optimizer.step()
        if recipe.weight_clip:
            with torch.no_grad():
                for weight in self.discriminator.parameters():
                    weight.clamp_(-recipe.weight_clip, recipe.weight_clip)

    def _penalty(self, fakes, tags):
        recipe, total = self.recipe, 0.0
        if recipe.gradient_penalty:
            interpolation = torch.rand(recipe.batch_size, 1, 1, 1)
            between = self.images + interpolation * (fakes - self.images)
            gradient = self._input_gradient(between, self.tags)
            total = recipe.gradient_penalty * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
        if recipe.r1_r2:
            for batch in ((self.images, self.tags), (fakes, tags)):
                gradient = self._input_gradient(*batch)
                total = total + recipe.r1_r2 * gradient.square().sum((1, 2, 3)).mean() / 2
        return total

    def _input_gradient(self, images, tags):
        images = images.detach().clone().requires_grad_()
        logits = self._discriminate(images, tags)["logits"].sum()
        return torch.autograd.grad(logits, images, create_graph=True)[0]

    def _update_generator(self, fakes, tags):
        recipe = self.recipe
        self.discriminator.requires_grad_(False)
        fake, real = self._discriminate(fakes, tags), {"logits": None}
        if recipe.loss == "relativistic":
            real = self._discriminate(self.images, self.tags)
        loss = recipe.adversarial_weight * LOSSES[recipe.loss][1](real["logits"], fake["logits"])
        if recipe.conditional:
            loss = loss + _attribute_loss(fake, tags)
        self.g_optimizer.zero_grad()
        loss.backward()
        self.g_optimizer.step()
        self.discriminator.requires_grad_(True)

    def _discriminate(self, images, tags):
        if self.recipe.translation:
            images = _translate(images, round(self.recipe.translation * self.recipe.image_size))
        return self.discriminator(images, _one_hot(tags))

    def _random_tags(self):
        return torch.stack([torch.randint(size, (self.recipe.batch_size,))
                            for size in DEFAULT.sizes], 1)


def _translate(images, limit):
    """Shifts each image by its own whole number of pixels; zeros outside (DiffAugment)."""
    count, _, height, width = images.shape
    down, right = torch.randint(-limit, limit + 1, (2, count, 1))
    rows = (torch.arange(height) - down + limit).clamp(0, height + 2 * limit - 1)
    columns = (torch.arange(width) - right + limit).clamp(0, width + 2 * limit - 1)
    padded = F.pad(images, (limit,) * 4).permute(0, 2, 3, 1)
    shifted = padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return shifted.permute(0, 3, 1, 2)


def _one_hot(tags):
    return torch.cat([F.one_hot(tags[:, i], size).float() for i, size in enumerate(DEFAULT.sizes)],
                     1)


def _attribute_loss(outputs, tags):
    return sum(F.cross_entropy(logits, tags[:, i])
               for i, logits in enumerate(outputs["attributes"].split(DEFAULT.sizes, 1)))


def _optimizer(recipe, network):
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), recipe.learning_rate)
    return torch.optim.Adam(network.parameters(), recipe.learning_rate,
                            (recipe.beta_1, recipe.beta_2))
