"""One update of D, and one of both networks, on one device's part of a batch."""
import tensorflow as tf

from anime_gan_tf.training import objectives


class Updates:
    """The updates of a State.

    Their arguments: images (batch, size, size, 3), tags (batch, axes), noise as step.make_draw
    gives it, gamma of R1 and R2, number of D's update from 1 on, and due: whether D moves, or sits
    this batch out. They return {name: metric}.
    """

    def __init__(self, recipe, state, devices):
        self.recipe, self.state, self.devices = recipe, state, devices
        self.networks = objectives.networks_of(state.generator, state.discriminator, recipe)

    def discriminator(self, images, tags, noise, gamma, number, due):
        """D's update."""
        fakes = objectives.generate(self.networks, noise["z"], noise["tags"], self.recipe)
        real, fake = self._shown(images, tags, noise), self._shown(fakes, noise["tags"], noise)
        return self._learn(real, fake, noise, gamma, number, due)

    def both(self, images, tags, noise, gamma, number, due):
        """D's update and then G's, on the same fakes: G has not moved in between."""
        generator = self.state.generator
        with tf.GradientTape() as drawing:
            fakes = objectives.generate(self.networks, noise["z"], noise["tags"], self.recipe)
            fake = self._shown(fakes, noise["tags"], noise)
        real = self._shown(images, tags, noise)
        metrics = self._learn(real, fake, noise, gamma, number, due)
        with tf.GradientTape() as tape:
            tape.watch(fake.seen)
            loss, terms = objectives.generator_loss(self.networks, real, fake, self.recipe)
        gradients = drawing.gradient(fake.seen, generator.trainable_variables,
                                     tape.gradient(loss, fake.seen))
        self._apply(self.state.g_optimizer, gradients, generator, loss)
        return metrics | terms | {"g_loss": loss, "g_grad_norm": tf.linalg.global_norm(gradients)}

    def _shown(self, images, tags, noise):
        return objectives.shown(self.networks, images, tags, noise, self.recipe)

    def _learn(self, real, fake, noise, gamma, number, due):
        recipe, discriminator = self.recipe, self.state.discriminator
        with tf.GradientTape() as tape:
            loss, terms = objectives.discriminator_loss(self.networks, real, fake, recipe)
        gradients = tape.gradient(loss, discriminator.trainable_variables)
        if recipe.gradient_penalty or recipe.r1_r2:
            now = lambda: self._penalty(real, fake, gamma, noise["mix"])
            without = lambda: (tf.zeros(()), [tf.zeros_like(gradient) for gradient in gradients])
            if recipe.penalty_every == 1:
                terms["d_penalty"], extra = now()
            else:
                terms["d_penalty"], extra = tf.cond(number % recipe.penalty_every == 0, now,
                                                    without) if due else without()
            loss += recipe.adversarial_weight * terms["d_penalty"]
            gradients = [a + b for a, b in zip(gradients, extra)]
        if due:  # a batch that D sits out still shows in its curves
            self._apply(self.state.d_optimizer, gradients, discriminator, loss)
            if recipe.weight_clip:  # on all devices at once: a device alone may not assign
                tf.distribute.get_replica_context().merge_call(self._clip)
        return terms | {"d_loss": loss, "d_grad_norm": tf.linalg.global_norm(gradients)}

    def _penalty(self, real, fake, gamma, mix):
        """(the penalty, the gradients of D's weights by it)."""
        recipe, weights = self.recipe, self.state.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            # Lazy regularisation: rarely, and then as many times as strong (Karras et al. 2020).
            penalty = recipe.penalty_every * objectives.penalty(self.networks, real, fake,
                                                                recipe, gamma, mix)
            weighted = recipe.adversarial_weight * penalty
        gradients = tape.gradient(weighted, weights)
        # The attribute heads have no part in the score.
        return penalty, [tf.zeros_like(variable.value) if gradient is None else gradient
                         for gradient, variable in zip(gradients, weights)]

    def _apply(self, optimizer, gradients, network, loss):
        # Keras adds the devices' gradients up; a loss is an average over the whole batch.
        if self.devices > 1:
            gradients = [gradient / self.devices for gradient in gradients]
        # A loss is there once all weights have been read. TensorFlow's graph optimizer can drop the
        # order of a read and an assignment where the gradient does not depend on the read, as with
        # some biases in a gradient penalty.
        with tf.control_dependencies([loss]):
            optimizer.apply(gradients, network.trainable_variables)

    def _clip(self, _):
        for weight in self.state.discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -self.recipe.weight_clip,
                                           self.recipe.weight_clip))
