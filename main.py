"""Train, steer and explore GANs that draw anime faces.  `python main.py --help`"""
from absl import app

from anime_gan_tf import cli, flags

if __name__ == "__main__":
    app.run(cli.main, flags_parser=flags.parse_flags)
