"""The Pulumi program: loads the configuration of the stack, builds the cluster, exports its outputs."""

import gc

import pulumi

from components.program import build
from components.settings import settings_or_end

# A program lives for seconds and lets go of next to nothing: looking for garbage was a quarter of its time.
gc.disable()

config = settings_or_end()

pulumi.run(lambda: build(config))
