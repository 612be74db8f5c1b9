"""The values of the published projects, as fields of the recipes that are named after them.

A recipe has other values where those of the project draw no faces in a reasonable time;
`--as_published` selects the published ones. Descriptions of the differences are generated from this
table. Needs no TensorFlow.
"""
import dataclasses
import math
from typing import Any


@dataclasses.dataclass(frozen=True)
class Published:
    """The values of a project for a recipe."""
    changes: dict[str, dict[str, Any]]  # {reason of the difference: {field: the project's value}}
    omitted: str = ""      # details of the project that are not reproduced
    unspecified: str = ""  # values that the project does not specify
    # {variant of another project: {field: value}, in addition to --as_published}
    variants: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    @property
    def fields(self):
        """{field: the project's value}."""
        return {field: value for values in self.changes.values() for field, value in values.items()}


_QUESTIONS = "docs/experiments/questions.md"
_SOONER = "draws faces sooner (docs/experiments/recipes.md)"
_UNTRIED = "not measured alone"
_BETTER = f"draw better faces in rpgan ({_QUESTIONS})"
_AVERAGE = f"draws better faces in rpgan ({_QUESTIONS})"
_COST = "a step of D costs 16 times as much"
_LENGTH = "--budget and --epochs say how long"

_ANIME_WGAN = {
    _UNTRIED: {"discriminator_norm": "instance", "initialization": "pytorch", "bias": True,
               "beta_2": 0.999},
    _SOONER: {"batch_size": 32, "learning_rate": 1e-4},
    _BETTER: {"ema_share": 0.0, "flip": False},
    f"there: 40,000 updates on 51,000 faces; {_LENGTH}": {"epochs": 125.0}}
_PENALTY = "a gradient penalty of a norm over the channels of each pixel"
_IDLE_BIASES = "biases in front of a norm, which do nothing"

_GAN_RESNET = {
    f"noisier faces after 50,000 faces ({_QUESTIONS})": {"networks": "gan_resnet"},
    f"noise, both losses at 1e-7 ({_QUESTIONS})": {"loss": "sigmoid_wasserstein"},
    _SOONER: {"learning_rate": 5e-5},
    _UNTRIED: {"optimizer": "torch_rmsprop", "learning_rate_period": 5.0,
               "final_learning_rate_share": 0.1, "batch_size": 8},
    _BETTER: {"ema_share": 0.0, "flip": False},
    _LENGTH: {"epochs": 300.0}}

PUBLISHED = {
    "dcgan": Published(
        {_SOONER: {"batch_size": 128},
         _UNTRIED: {"latent_std": math.exp(-1 / math.pi), "rotation": 15.0},
         _AVERAGE: {"ema_share": 0.0}},
        omitted="corners that a rotation leaves black",
        variants={
            "Anime-WGAN's": {"width": 128, "d_width": 256, "initialization": "pytorch",
                             "bias": True, "batch_size": 32, "latent_std": 1.0, "rotation": 0.0,
                             "flip": False, "epochs": 300.0},
            "Waifu_Generator's at 64 px": {"initialization": "dcgan", "batch_size": 64,
                                           "latent_std": 1.0, "rotation": 0.0, "epochs": 25.0}}),
    "dcgan_96": Published(
        {"G, which learns at every fifth batch, drew no faces after 100,000 faces "
         f"({_QUESTIONS})": {"upsampling": "transposed", "batch_size": 256},
         _UNTRIED: {"generator_label": 0.8, "initialization": "pytorch"},
         _BETTER: {"ema_share": 0.0, "flip": False},
         _LENGTH: {"epochs": 200.0}},
        omitted="optimizers that forget their averages at every tenth epoch; a sigmoid in front of "
                "the loss, which takes logits here and is the same",
        unspecified="SGD's rate, 0.01"),
    "dcgan_128": Published(
        {f"drew a checkerboard and nothing else, in the deeper networks ({_QUESTIONS})":
             {"upsampling": "transposed", "batch_size": 64},
         _UNTRIED: {"networks": "dcgan_pooled", "initialization": "dcgan"},
         _AVERAGE: {"ema_share": 0.0},
         _LENGTH: {"epochs": 25.0}}),
    "wgan": Published(
        {f"drew noise after 100,000 faces ({_QUESTIONS})":
             {"upsampling": "transposed", "batch_size": 64, "learning_rate": 5e-5},
         _UNTRIED: {"optimizer": "torch_rmsprop", "initialization": "dcgan"},
         _BETTER: {"ema_share": 0.0, "flip": False}}),
    "wgan_gp": Published(
        {_COST: {"width": 128, "d_width": 256}} | _ANIME_WGAN,
        omitted=f"{_PENALTY}; {_IDLE_BIASES}"),
    "wgan_gp_up": Published(
        {_COST: {"width": 96, "d_width": 256}} | _ANIME_WGAN,
        omitted=f"{_PENALTY}; {_IDLE_BIASES}"),
    "wgan_gp_256": Published(
        {_UNTRIED: {"networks": "shuffle", "d_width": 32, "discriminator_norm": "batch",
                    "beta_2": 0.999},
         _SOONER: {"learning_rate": 1e-4},
         _BETTER: {"ema_share": 0.0, "flip": False},
         f"there: 40,000 updates on 27,000 faces; {_LENGTH}": {"epochs": 118.0}},
        omitted=f"{_PENALTY}; {_IDLE_BIASES}; a last kernel with only zero padding in 12 of 16 "
                "positions"),
    "acgan_dcgan": Published(
        {_SOONER: {"batch_size": 64},
         _UNTRIED: {"attribute_loss": "sigmoid", "g_attribute_weight": 1 / 23},
         _AVERAGE: {"ema_share": 0.0}},
        omitted="corners that a rotation leaves black",
        unspecified="the dense layer in front of the heads; the report has no code of it, so its "
                    "losses and its batch are those of ACGAN.py"),
    "acgan": Published(
        {"drew one pattern after 240 updates (docs/experiments/acgan.md)":
             {"networks": "srresnet_published"},
         "learned soonest of what was tried (docs/experiments/acgan.md)":
             {"batch_size": 64, "n_critic": 2, "learning_rate": 1e-4},
         "colors by chance after 23,000 faces (docs/experiments/acgan.md)":
             {"adversarial_weight": 5.0, "g_attribute_weight": 1 / 23},
         _UNTRIED: {"attribute_loss": "sigmoid"},
         _AVERAGE: {"ema_share": 0.0},
         f"250 in the report; {_LENGTH}": {"epochs": 400.0}},
        omitted="a first convolution in each block of D whose output is thrown away; corners that "
                "a rotation leaves black, and its nearest pixels; two D steps in a row on the same "
                "reals and noise"),
    "resnet_wgan": Published(
        _GAN_RESNET | {f"without the sigmoid the loss has no bound, and the paper's clip of 0.01 "
                       f"drew noise ({_QUESTIONS})": {"weight_clip": 0.0}}),
    "resnet_hinge": Published(
        _GAN_RESNET | {f"draws worse faces with it ({_QUESTIONS})":
                           {"discriminator_norm": "batch"}}),
}
