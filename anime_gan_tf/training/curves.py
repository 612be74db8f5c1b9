"""A run's TensorBoard file: curves and pictures."""
import tensorflow as tf


class Curves:
    """Writes into a folder; nothing where that is None."""

    def __init__(self, folder):
        self._writer = tf.summary.create_file_writer(str(folder)) if folder else None

    def scalars(self, values, step):
        """values: {tag: number}."""
        if self._writer:
            with self._writer.as_default(step=step):
                for tag, value in values.items():
                    tf.summary.scalar(tag, value)

    def image(self, tag, sheet, step):
        """sheet: uint8 (height, width, 3)."""
        if self._writer:
            with self._writer.as_default(step=step):
                tf.summary.image(tag, sheet[None])

    def flush(self):
        if self._writer:
            self._writer.flush()

    def quality(self, figures, step):
        """figures: of --mode evaluate."""
        self.scalars({f"quality/{name}": value for name, value in figures.items()}, step)
        self.flush()
