"""The real servers that tests run against, as values with a lifetime.

Everything listens on loopback, at a port of its own, keeps its files in the folder that it is given,
and ends with the process that started it. ``tests.harness.fixtures`` has the pytest fixtures;
``make tools`` builds what is not a Python package.
"""
