"""RMSprop as PyTorch has it."""
import keras
from keras import ops


class TorchRMSprop(keras.optimizers.RMSprop):
    """torch.optim.RMSprop with its own numbers: an average of squares that keeps 0.99, and 1e-8
    added behind the square root. Keras adds its epsilon in front of it, which tiny gradients see.
    """

    def __init__(self, learning_rate):
        super().__init__(learning_rate, rho=0.99, epsilon=1e-8)

    def update_step(self, gradient, variable, learning_rate):
        velocity = self._velocities[self._get_variable_index(variable)]
        square = self.rho * velocity + (1 - self.rho) * ops.square(gradient)
        self.assign(velocity, square)
        self.assign_sub(variable, learning_rate * gradient / (ops.sqrt(square) + self.epsilon))
