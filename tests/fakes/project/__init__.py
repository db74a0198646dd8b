"""A whole OpenStack project on loopback: what the Pulumi provider and the preflight checks ask for, from memory.

Fast, so that benchmarks measure their callers; honest where it matters: a port can be on one server only, names of key
pairs are unique, volumes cannot shrink, an address is given once, a share has one access rule for a client.

    with FakeProject().serving() as project:
        os.environ |= project.environment()
"""

from tests.fakes.project.project import FakeProject

__all__ = ["FakeProject"]
