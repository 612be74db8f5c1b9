"""RMSprop as PyTorch has it."""
import keras
from keras import ops


class TorchRMSprop(keras.optimizers.RMSprop):
    """torch.optim.RMSprop with its defaults: a decay of 0.99 of the average of squares, and an
    epsilon of 1e-8 added to the square root. Keras adds epsilon inside the root, which makes a
    difference for tiny gradients.
    """

    def __init__(self, learning_rate):
        super().__init__(learning_rate, rho=0.99, epsilon=1e-8)

    def update_step(self, gradient, variable, learning_rate):
        velocity = self._velocities[self._get_variable_index(variable)]
        square = self.rho * velocity + (1 - self.rho) * ops.square(gradient)
        self.assign(velocity, square)
        self.assign_sub(variable, learning_rate * gradient / (ops.sqrt(square) + self.epsilon))
