"""One cluster for all attacks, made like the one of the lifecycle tests."""

from tests.lifecycle.cluster.conftest import live

__all__ = ["live"]
