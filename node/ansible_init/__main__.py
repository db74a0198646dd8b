"""``python3 -m node.ansible_init``: started by ansible-init.service; output goes to the journal."""

import sys

from node.ansible_init.run import AnsibleInitSettings, main


def _log(text: str) -> None:
    print(f"ansible-init: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(AnsibleInitSettings(), _log))
