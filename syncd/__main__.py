"""`python -m syncd` is the same as `syncd`."""

from syncd.cli.main import app

if __name__ == "__main__":
    app()
