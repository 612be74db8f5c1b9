"""GANs that draw anime faces, in TensorFlow 2 and Keras 3."""
import pathlib

__version__ = "0.3.0.dev0"

# Some modes start the program anew.
MAIN = pathlib.Path(__file__).resolve().parent.parent / "main.py"
