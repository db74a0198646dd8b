"""The fixtures that tests with servers share."""

from tests.engine.node_fixtures import image_of_one, login, made, one, open_group, shared, two

__all__ = ["image_of_one", "login", "made", "one", "open_group", "shared", "two"]
