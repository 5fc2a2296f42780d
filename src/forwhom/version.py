"""The version, apart so that any layer can say it.

Tests: tests/test_repository.py.
"""

__version__ = "0.1.0"
