"""Our commands as resources: the one way to run a module of the project from the stack.

Rules for all of them, and the reasons:

- The command's text is constant: it contains no secrets, because error messages and the state show it. Requests come
  on standard input.
- Neither of them says anything about the machine, such as a path in the operator's home: another operator's preview
  would show a change.
- Its environment has the digest of everything the command depends on: a changed digest makes the engine run
  ``update``. ``triggers`` would replace the resource instead, and run its ``delete`` after the new ``create``.
- There is no ``delete``: it would only undo what the next ``create`` did.
- The previous output is passed to the next run only on request: the environment is limited in size.
- It starts with ``exec``, so that Ctrl-C reaches Python instead of a waiting shell.
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
    recalls: bool = False,
    logging: local.Logging = local.Logging.STDERR,
    depends_on: Sequence[pulumi.Resource] = (),
    ignore_changes: Sequence[str] = (),
) -> local.Command:
    """Run ``python -m MODULE`` when the resource is new, and again when its request or environment changes.

    Args:
        name: the resource's name.
        module: the module and its constant arguments: ``slurm_appliance.site_run``.
        parent: the parent component.
        request: what the module reads from standard input, as JSON; secret if any part of it is.
        environment: environment variables: further reasons to run again.
        secret: whether its output is secret.
        recalls: whether it gets what it printed the last time, as ``PULUMI_COMMAND_STDOUT``; at most 100 kB.
        logging: what the engine shows of its output while it runs.
        depends_on: resources that must exist first.
        ignore_changes: inputs whose changes do not run it again, in the engine's spelling.
    """
    line = f'exec "${{VIRTUAL_ENV:-.venv}}/bin/python" -m {module}'
    return local.Command(
        name,
        create=line,
        update=line,
        stdin=None if request is None else pulumi.Output.json_dumps(request, sort_keys=True),
        environment=dict(environment or {}),
        logging=local.Logging.NONE if secret else logging,
        add_previous_output_in_env=recalls,
        opts=command_options(parent, depends_on=depends_on, secret=secret, ignored=ignore_changes),
    )
