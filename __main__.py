"""The Pulumi program: loads the configuration of the stack, builds the cluster, exports its outputs."""

import gc

# A program lives for seconds and lets go of next to nothing: looking for garbage was a quarter of its time.
gc.disable()

import pulumi  # noqa: E402 - after it, like the next two

from components.program import build  # noqa: E402
from components.settings import settings_or_end  # noqa: E402

config = settings_or_end()

pulumi.run(lambda: build(config))
