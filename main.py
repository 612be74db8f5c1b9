"""Train, steer and explore GANs that draw anime faces.  `python main.py --help`"""
from absl import app

from anime_gan_tf import cli, options

if __name__ == "__main__":
    app.run(cli.main, flags_parser=options.parse_flags)
