"""A run's TensorBoard file: curves and pictures."""
import logging

import tensorflow as tf

log = logging.getLogger(__name__)


class Curves:
    """Writes into a folder; does nothing where that is None.

    Curves are secondary: if they can no longer be written, because the disk is full, there is one
    warning and the training continues without them.
    """

    def __init__(self, folder):
        self._folder, self._writer = folder, None
        if folder:
            self._write(lambda: None)

    def scalars(self, values, step):
        """values: {tag: number}."""
        self._write(lambda: [tf.summary.scalar(tag, value, step) for tag, value in values.items()])

    def image(self, tag, sheet, step):
        """sheet: uint8 (height, width, 3)."""
        self._write(lambda: tf.summary.image(tag, sheet[None], step))

    def flush(self):
        self._write(lambda: self._writer.flush())

    def _write(self, write):
        if not self._folder:
            return
        try:
            self._writer = self._writer or tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default():
                write()
        except tf.errors.OpError as error:
            reason = error.message.splitlines()[0].rpartition("; ")[2]
            log.warning(f"warning: {self._folder}: TensorBoard's curves end here ({reason})")
            self._folder = None

    def quality(self, metrics, step):
        """metrics: {name: value} of an evaluation."""
        self.scalars({f"quality/{name}": value for name, value in metrics.items()}, step)
        self.flush()
