"""The Pulumi program: loads the configuration of the stack, builds the cluster, exports its outputs."""

import pulumi

from components.program import build
from components.settings import settings_or_end

config = settings_or_end()

pulumi.run(lambda: build(config))
