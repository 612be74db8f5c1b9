"""Train, steer and explore GANs that draw anime faces.  `python main.py --help`"""
from anime_gan_tf.cli import app

if __name__ == "__main__":
    app.start()
