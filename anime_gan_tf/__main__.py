"""`python -m anime_gan_tf`, the same as main.py."""
from anime_gan_tf.cli import app

if __name__ == "__main__":
    app.start()
