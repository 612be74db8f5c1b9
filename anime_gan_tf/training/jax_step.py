"""The train step in JAX, for accelerators without TensorFlow: the same networks and losses.

It trains what job.check_jax() takes. A test compares it with TensorFlow's step.
"""
import concurrent.futures

import jax
import jax.numpy as jnp
import numpy as np

from anime_gan_tf.attributes import SIZES
from anime_gan_tf.data import order
from anime_gan_tf.training import losses, objectives, schedules

_PARTS = ("generator", "discriminator", "ema_generator", "g_optimizer", "d_optimizer")  # of a State


def prepare():
    """Before anything of a training: what Keras does between steps is for the CPU.

    An accelerator would have to compile each of its small operations first, which took a minute.
    """
    jax.config.update("jax_default_device", jax.local_devices(backend="cpu")[0])


def device():
    """The kind of device it trains on."""
    return _accelerator().platform.upper()


class Trainer:
    """Takes the State of a Run from step to step."""

    def __init__(self, run, state):
        job, rows = run.job, run.split.training
        self._state, self._rows = state, order.by_step(np.arange(len(rows)), job.per_step, job.seed)
        self._step = JaxStep(job.recipe, state, job.seed, run.table)
        self._faces = jax.device_put((job.faces.images[rows], job.faces.tags[rows]), _accelerator())
        self._compiled = None
        self.restart()

    def restart(self):
        """Goes on from where the State stands now."""
        self._step.read()
        self._number, self._before = int(self._state.step), None

    def step(self, progress):
        """{name: float} of the step before: Python prepares one while the device computes.

        progress: share of the run that is done.
        """
        rows = self._rows(self._number).astype(np.int32)
        self._number += 1
        arguments = self._step.values, *self._faces, rows, np.float32(progress)
        self._compiled = self._compiled or _compile(self._step, arguments)
        penalised = self._number % self._step.recipe.penalty_every == 0
        self._step.values, metrics = self._compiled[penalised](*arguments)
        before, self._before = self._before or metrics, metrics
        return {name: float(value) for name, value in jax.device_get(before).items()}

    def write_back(self):
        """Updates the State, unless the last step diverged: the next one's metrics say so."""
        if all(np.isfinite(value) for value in jax.device_get(self._before or {}).values()):
            self._step.write_back()


def _accelerator():
    """The device that the step runs on."""
    return jax.local_devices()[0]


def _compile(step, arguments):
    """{whether with the penalty: JaxStep.step, compiled}, both at the same time where there are
    updates without it."""
    function = jax.jit(step.step, static_argnums=5, donate_argnums=0)
    variants = (False, True) if step.recipe.penalty_every > 1 else (True,)
    lowered = {penalised: function.lower(*arguments, penalised) for penalised in variants}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        compiled = {penalised: pool.submit(program.compile)
                    for penalised, program in lowered.items()}
    return {penalised: program.result() for penalised, program in compiled.items()}


class JaxStep:
    """Trains a State, whose values it holds as JAX arrays meanwhile.

    `values` is {network or optimizer of the State: [array, ...]} with its "step" and "rollbacks";
    read() takes it from the State and write_back() returns it.
    """

    def __init__(self, recipe, state, seed, table):
        """table: of shape attributes.SIZES, the fakes' tags; for a conditional recipe."""
        self.recipe, self.state = recipe, state
        self._table = np.asarray(table, np.float32).ravel() if recipe.conditional else None
        self._networks = objectives.networks_of(state.generator, state.discriminator, recipe)
        self._key = jax.random.key(seed)
        self.values = {}

    def read(self):
        """Takes over the State."""
        values = {part: [np.asarray(variable) for variable in self._variables(part)]
                  for part in _PARTS}
        values |= {name: np.asarray(getattr(self.state, name), np.int32)
                   for name in ("step", "rollbacks")}
        self.values = jax.device_put(values, _accelerator())

    def write_back(self):
        """Gives the State what it stands at."""
        values = jax.device_get(self.values)
        for part in _PARTS:
            for variable, value in zip(self._variables(part), values[part]):
                variable.assign(value)
        self.state.step.assign(values["step"])

    def _variables(self, part):
        holder = getattr(self.state, part)
        return holder.variables if part.endswith("optimizer") else holder.weights

    def step(self, values, images, tags, rows, progress, penalised):
        """One update of both networks.

        Args: images: uint8 (faces, size, size, 3); tags: int32 (faces, axes); rows: int32 (batch,),
          of them; progress: share of the run that is done; penalised: whether with the penalty.
        Returns: (new values, {name: metric}).
        """
        recipe, noise = self.recipe, self._draw(values["step"])
        rate, gamma = schedules.rates(recipe, progress)
        rate *= 0.5 ** values["rollbacks"]
        images, tags = images[rows].astype(jnp.float32) / 127.5 - 1, tags[rows]
        if recipe.flip:
            images = jnp.where(noise["flip"], images[:, :, ::-1], images)
        values, metrics = self.update(values, images, tags, noise, rate, gamma, penalised)
        return values, metrics | {"learning_rate": rate}

    def _draw(self, step):
        """The noise of a step, which follows from the seed and its number."""
        recipe, batch = self.recipe, self.recipe.batch_size
        keys = jax.random.split(jax.random.fold_in(self._key, step), 5)
        limit = round(recipe.translation * recipe.image_size)
        tags = jnp.zeros((batch, len(SIZES)), jnp.int32)
        if recipe.conditional:
            index = jax.random.choice(keys[4], self._table.size, (batch,), p=self._table)
            tags = jnp.stack(jnp.unravel_index(index, SIZES), 1).astype(jnp.int32)
        return {"z": recipe.latent_std * jax.random.normal(keys[0], (batch, recipe.latent_dim)),
                "mix": jax.random.uniform(keys[1], (batch, 1, 1, 1)),
                "flip": jax.random.bernoulli(keys[2], shape=(batch, 1, 1, 1)),
                "shift": jax.random.randint(keys[3], (batch, 2), -limit, limit + 1),
                "tags": tags}

    def update(self, values, images, tags, noise, rate, gamma, penalised):
        """D's update and then G's, on the same fakes.

        Args: images in [-1, 1]; noise as of step.make_draw, for one update; penalised: whether with
          the penalty.
        Returns: (new values, {name: metric}).
        """
        recipe = self.recipe
        if losses.ADVERSARIAL[recipe.loss].relativistic:
            noise = noise | {"tags": tags}

        def draw(weights):
            networks, statistics = self._generating(weights, values)
            fakes = objectives.generate(networks, noise["z"], noise["tags"], recipe)
            fake = objectives.shown(networks, fakes, noise["tags"], noise, recipe)
            return fake.seen, (fake, statistics[0])

        seen, pull, (fake, statistics) = jax.vjp(
            draw, self._trainable(self.state.generator, values["generator"]), has_aux=True)
        real = objectives.shown(self._networks, images, tags, noise, recipe)
        values, metrics = self._learn(values, real, fake, noise, rate * recipe.d_learning_rate,
                                      gamma, penalised)
        learned = self._learning(self._trainable(self.state.discriminator, values["discriminator"]))

        def g_loss(seen):
            return objectives.generator_loss(learned, real, fake._replace(seen=seen), recipe)

        (loss, terms), gradient = jax.value_and_grad(g_loss, has_aux=True)(seen)
        values = self._apply(values, "generator", pull(gradient)[0], rate, statistics)
        values["step"] = values["step"] + 1
        decay = schedules.ema_decay(recipe,
                                    (values["step"] * recipe.batch_size).astype(jnp.float32))
        pairs = zip(values["ema_generator"], values["generator"])
        values["ema_generator"] = [fast + decay * (slow - fast) for slow, fast in pairs]
        return values, metrics | terms | {"g_loss": loss}

    def _learn(self, values, real, fake, noise, rate, gamma, penalised):
        recipe = self.recipe

        def d_loss(weights):
            networks = self._learning(weights)
            loss, terms = objectives.discriminator_loss(networks, real, fake, recipe)
            terms["d_penalty"] = jnp.zeros(())
            if penalised:  # rarely, and then as many times as strong
                penalty = objectives.penalty(networks, real, fake, recipe, gamma, noise["mix"])
                terms["d_penalty"] = recipe.penalty_every * penalty
                loss += recipe.adversarial_weight * terms["d_penalty"]
            return loss, terms

        (loss, terms), gradients = jax.value_and_grad(d_loss, has_aux=True)(
            self._trainable(self.state.discriminator, values["discriminator"]))
        return self._apply(values, "discriminator", gradients, rate), terms | {"d_loss": loss}

    def _generating(self, weights, values):
        """(Networks with these weights of G, the list that G's new statistics go to)."""
        generator, statistics = self.state.generator, []
        others = _picked(generator.non_trainable_variables, generator.weights, values["generator"])

        def call(inputs, training):
            images, new = generator.stateless_call(weights, others, inputs, training=training)
            statistics.append(new)
            return images

        return self._networks._replace(generator=call), statistics

    def _learning(self, weights):
        """Networks with these trainable weights of D."""
        learning = self._networks.learning
        ours = _picked(learning.trainable_variables,
                       self.state.discriminator.trainable_variables, weights)
        others = [variable.value for variable in learning.non_trainable_variables]
        return self._networks._replace(learning=lambda inputs, training: learning.stateless_call(
            ours, others, inputs, training=training)[0])

    def _trainable(self, network, values):
        return _picked(network.trainable_variables, network.weights, values)

    def _apply(self, values, name, gradients, rate, others=()):
        """values after an optimizer's step of one network, with its new non-trainable weights."""
        network, part = getattr(self.state, name), f"{name[0]}_optimizer"
        optimizer = getattr(self.state, part)
        learning_rate = optimizer._learning_rate  # pylint: disable=protected-access
        slots = [rate if variable is learning_rate else value
                 for variable, value in zip(optimizer.variables, values[part])]
        weights, slots = optimizer.stateless_apply(slots, gradients,
                                                   self._trainable(network, values[name]))
        new = dict(zip(map(id, network.trainable_variables), weights))
        new |= dict(zip(map(id, network.non_trainable_variables), others))
        return values | {part: slots,
                         name: [new.get(id(variable), value)
                                for variable, value in zip(network.weights, values[name])]}


def _picked(some, variables, values):
    """The values of some of the variables."""
    by_variable = dict(zip(map(id, variables), values))
    return [by_variable[id(variable)] for variable in some]
