"""Moving pictures as files: GIF, WebP or MP4, by the name's ending."""
import pathlib
import tempfile

from PIL import Image

try:
    import imageio_ffmpeg
except ImportError:  # only an .mp4 needs it
    imageio_ffmpeg = None

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import npz

ENDINGS = (".gif", ".webp", ".mp4")
FRAMES_PER_SECOND = 25  # a GIF counts in hundredths of a second


def check(out, flag="--out"):
    """Refuses a file name whose ending none of the writers knows, before any work is done.

    Raises:
      UserError: naming the endings, or what an .mp4 needs.
    """
    ending = pathlib.Path(out).suffix.lower()
    if ending not in ENDINGS:
        raise UserError(flag, Fault.INVALID, f"{out} does not end in {', '.join(ENDINGS)}")
    if ending == ".mp4" and imageio_ffmpeg is None:
        raise UserError(flag, Fault.UNAVAILABLE,
                        "an .mp4 needs ffmpeg: pip install imageio-ffmpeg (a .gif does not)")


def save(path, frames, rate=FRAMES_PER_SECOND):
    """Writes uint8 (frames, height, width, 3), which plays in a loop, `rate` frames a second."""
    ending = pathlib.Path(path).suffix.lower()
    if ending == ".mp4":
        return npz.write_atomically(path, lambda file: _mp4(file, frames, rate))
    first, *rest = (Image.fromarray(frame) for frame in frames)
    quality = {"quality": 90} if ending == ".webp" else {}
    return npz.write_atomically(path, lambda file: first.save(
        file, ending[1:].upper(), save_all=True, append_images=rest, duration=round(1000 / rate),
        loop=0, **quality))


def _mp4(file, frames, rate):
    # H.264 halves the colours' resolution.
    height, width = (side - side % 2 for side in frames.shape[1:3])
    with tempfile.NamedTemporaryFile(suffix=".mp4") as made:
        writer = imageio_ffmpeg.write_frames(made.name, (width, height), fps=rate, quality=8,
                                             macro_block_size=2)
        writer.send(None)
        for frame in frames:
            writer.send(frame[:height, :width].tobytes())
        writer.close()
        file.write(pathlib.Path(made.name).read_bytes())
