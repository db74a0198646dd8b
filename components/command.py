"""Commands of ours as resources: one way to run a module of the project from the stack.

What holds for all of them, and why:

- The command's text is constant, so that nothing secret is in it, and nothing of one machine: error messages and the
  state show it. Requests come on standard input.
- The digest of everything that the command depends on is in its environment: a changed one makes the engine run
  ``update``. ``triggers`` would replace the resource instead, and run its ``delete`` after the new ``create``.
- There is no ``delete``: it could only undo what the next ``create`` did.
- The previous output is not handed to the next run: it would grow until the environment is too large.
- It starts with ``exec``, so that Ctrl-C reaches Python and not a shell that waits for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_command import local

from components.options import command_options


def module_command(
    name: str,
    module: str,
    parent: pulumi.Resource,
    *,
    request: pulumi.Input[Mapping[str, Any]] | None = None,
    environment: Mapping[str, pulumi.Input[str]] | None = None,
    secret: bool = False,
    logging: local.Logging = local.Logging.STDERR,
    depends_on: Sequence[pulumi.Resource] = (),
    ignore_changes: Sequence[str] = (),
) -> local.Command:
    """Run ``python -m MODULE`` when it is new, and again when its request or environment changes.

    Args:
        name: the resource's name.
        module: the module and its constant arguments: ``slurm_appliance.site_run``.
        parent: the component that it belongs to.
        request: what the module reads from standard input, as JSON; secret where any of it is.
        environment: variables; what is not in the request but is reason to run again.
        secret: whether what it prints is a secret.
        logging: what the engine shows of its output while it runs.
        depends_on: what has to be there before.
        ignore_changes: what may change without its being run again, in the engine's spelling.
    """
    line = f'exec "${{VIRTUAL_ENV:-.venv}}/bin/python" -m {module}'
    return local.Command(
        name,
        create=line,
        update=line,
        stdin=None if request is None else pulumi.Output.json_dumps(request, sort_keys=True),
        environment=dict(environment or {}),
        logging=local.Logging.NONE if secret else logging,
        add_previous_output_in_env=False,
        opts=command_options(parent, depends_on=depends_on, secret=secret, ignored=ignore_changes),
    )
