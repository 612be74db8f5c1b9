"""Animation files: GIF, WebP or MP4, by the ending of the name."""
import itertools
import pathlib
import tempfile

from PIL import GifImagePlugin, Image

try:
    import imageio_ffmpeg
except ImportError:  # only an .mp4 needs it
    imageio_ffmpeg = None

from anime_gan_tf.errors import Fault, UserError
from anime_gan_tf.storage import npz

ENDINGS = (".gif", ".webp", ".mp4")
FRAMES_PER_SECOND = 25  # a GIF counts in hundredths of a second


def check(out, flag="--out"):
    """Refuses a file name with an unsupported ending, before any work is done.

    Raises:
      UserError: the ending is not one of ENDINGS, or ffmpeg is missing for an .mp4.
    """
    ending = pathlib.Path(out).suffix.lower()
    if ending not in ENDINGS:
        raise UserError(flag, Fault.INVALID, f"{out} does not end in {', '.join(ENDINGS)}")
    if ending == ".mp4" and imageio_ffmpeg is None:
        raise UserError(flag, Fault.UNAVAILABLE,
                        "an .mp4 needs ffmpeg: pip install imageio-ffmpeg (a .gif does not)")


def save(path, frames, rate=FRAMES_PER_SECOND):
    """Writes an endless loop of frames, `rate` per second.

    Args: frames: an iterable of uint8 (height, width, 3). A .gif and an .mp4 are written frame by
      frame, so that memory does not grow with their number; for a .webp Pillow holds all of them.
    """
    ending, frames = pathlib.Path(path).suffix.lower(), iter(frames)
    write = {".mp4": _mp4, ".gif": _gif, ".webp": _webp}[ending]
    npz.write_atomically(path, lambda file: write(file, frames, rate))


def _gif(file, frames, rate):
    first = _indexed(next(frames))
    blocks, _ = GifImagePlugin.getheader(first, info={"loop": 0})
    file.writelines(blocks)
    for image in itertools.chain([first], map(_indexed, frames)):
        file.writelines(GifImagePlugin.getdata(image, duration=round(1000 / rate),
                                               include_color_table=True))
    file.write(b";")


def _indexed(frame):
    """A frame with its own palette of 256 colors."""
    return Image.fromarray(frame).convert("P", palette=Image.Palette.ADAPTIVE)


def _webp(file, frames, rate):
    first, *rest = map(Image.fromarray, frames)
    first.save(file, "WEBP", save_all=True, append_images=rest, duration=round(1000 / rate),
               loop=0, quality=90)


def _mp4(file, frames, rate):
    first = next(frames)
    # H.264 halves the colors' resolution.
    height, width = (side - side % 2 for side in first.shape[:2])
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder, "made.mp4")
        writer = imageio_ffmpeg.write_frames(str(made), (width, height), fps=rate, quality=8,
                                             macro_block_size=2)
        writer.send(None)
        for frame in itertools.chain([first], frames):
            writer.send(frame[:height, :width].tobytes())
        writer.close()
        file.write(made.read_bytes())
