"""GANs that draw anime faces, in TensorFlow 2 and Keras 3."""

__version__ = "0.3.0.dev0"
