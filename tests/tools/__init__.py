"""What the tests run besides Python: see build.py."""
