"""The fixtures that tests with servers share."""

from tests.engine.node_fixtures import login, made, one, open_group, shared, two

__all__ = ["login", "made", "one", "open_group", "shared", "two"]
