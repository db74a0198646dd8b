"""A site's own layer on a running cluster: its hooks run on all nodes, and again after a rebuild by Slurm."""

import json
import shutil
from collections.abc import Iterator

import pytest

from slurm_appliance.image.images import GlanceImage
from tests.lifecycle.cluster.live import COMPUTE, Live
from tests.unit.slurm_appliance.site_layer.trees import FILTER, MODULE_AND_FILTER, collection, write

#: Where the site's role writes: on the root disk, which a rebuild erases.
MARKER = "/var/lib/own-marker"


#: Where the role writes that compute nodes run without a hook, and where a module of the site's own collection does.
OF_THE_ROLE, OF_THE_COLLECTION = "/var/lib/own-role", "/var/lib/own-collection"


def _role(source: str, path: str = MARKER, *more: dict[str, object]) -> str:
    task = {
        "name": "Write the marker",
        "ansible.builtin.copy": {"dest": path, "content": source, "mode": "0644"},
    }
    return json.dumps([task, *more])


def _mark(text: str) -> dict[str, object]:
    """A task with a module and a filter of the collection."""
    given = {"path": OF_THE_COLLECTION, "text": f"{{{{ {text!r} | own.tools.loud }}}}"}
    return {"name": "Use the collection", "own.tools.mark": given}


def _hook(hosts: str, source: str) -> str:
    play = {
        "name": "Post: Write the marker",
        "hosts": hosts,
        "gather_facts": False,
        "become": hosts != "localhost",
        "vars": {"own_text": source},
        "roles": ["own_marker"],
    }
    return json.dumps([play])


FILE = "{{ lookup('file', site_layer_files ~ '/word') }}"
LAYER = {
    "site/roles/own_marker/tasks/main.yml": _role("{{ own_text }}\n"),
    "site/files/word": "from the files",
    "site/hooks/site/post.yml": _hook("control:login", f"{{{{ own_variable }}}} {FILE}"),
    "site/group_vars/all.yml": "own_variable: from group_vars\nown_declared: declared\n",
    "site/roles/own_role/tasks/main.yml": _role(
        f"{{{{ own_declared }}}} {FILE} {{{{ own_variable | default('no other') }}}} "
        "{{ ansible_facts.distribution | length > 0 }}\n",
        OF_THE_ROLE,
        _mark("first"),
    ),
    "site/requirements.yml": json.dumps({"collections": [{"name": "collections/own-tools-1.0.0.tar.gz"}]}),
    "site/roles/own_role/meta/node_variables.yml": "compute_init: compute\nnode_variables: [own_declared]\n",
    "site/hooks/compute-init/pre.yml": _hook("localhost", "before"),
    "environments/life/hooks/compute-init/post.yml": _hook(
        "localhost", f"{{{{ own_word }}}} {FILE} {{{{ munge_key | default('no key') }}}}"
    ),
    "environments/life/hooks/compute-init/vars.yml": "own_word: from vars\n",
}
ON_COMPUTE = "from vars from the files no key"
BY_THE_ROLE = "declared from the files no other True"


@pytest.fixture(scope="module")
def layered(live: Live) -> Iterator[Live]:
    """The cluster with the layer; without it again afterwards."""
    write(live.rig.folder, LAYER)
    collection(live.rig.folder / "site/collections", files=MODULE_AND_FILTER)
    try:
        assert "update" in live.rig.up().changes
        yield live
    finally:
        shutil.rmtree(live.rig.folder / "site")
        shutil.rmtree(live.rig.folder / "environments")
        live.rig.up()


def test_a_new_layer_runs_on_all_nodes(layered: Live) -> None:
    expected = "from group_vars from the files"
    assert {node: layered.run(node, f"cat {MARKER}") for node in ("control", "login-0")} == {
        "control": expected,
        "login-0": expected,
    }
    assert {layered.run(node, f"cat {MARKER}") for node in COMPUTE} == {ON_COMPUTE}
    assert {layered.run(node, f"cat {OF_THE_ROLE}") for node in COMPUTE} == {BY_THE_ROLE}
    assert {layered.run(node, f"cat {OF_THE_COLLECTION}") for node in COMPUTE} == {"FIRST"}


def test_a_node_keeps_nothing_of_the_layer_in_the_open(layered: Live) -> None:
    layered.run("c-0", "test ! -e /run/slurm-appliance/compute-init")
    record = json.loads(layered.run("c-0", "cat /var/lib/ansible-init/compute-init.json"))
    assert (record["status"], record["state"]) == ("done", "done")


def test_a_second_run_changes_nothing(layered: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(layered.rig.up().changes) == {"same"}
    monkeypatch.setenv("SLURM_APPLIANCE_STACKS", str(layered.rig.stacks))
    said = layered.site(everything=True)
    assert (said["exit_status"], said["changed_tasks"]) == (0, {})


def test_a_rebuild_by_slurm_brings_back_what_the_hook_did(
    layered: Live, fat_image: GlanceImage, second_image: GlanceImage
) -> None:
    former = layered.image("c-0")
    other = next(image.id for image in (fat_image, second_image) if image.id != former)
    layered.run("c-0", f"touch {MARKER}.of-the-former-disk")
    for image in (other, former):
        layered.set_target("c-0", image)
        done = layered.as_user("olga", f"srun --reboot --nodelist=life-c-0 cat {MARKER}", limit=180)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == ON_COMPUTE, "before the node takes jobs"
        assert layered.image("c-0") == image
        layered.wait_for_state("c-0", "IDLE")
    assert layered.run("c-0", f"ls {MARKER}*") == MARKER
    assert layered.run("c-0", f"cat {OF_THE_ROLE}") == BY_THE_ROLE
    assert layered.run("c-0", f"cat {OF_THE_COLLECTION}") == "FIRST"


def test_a_changed_collection_runs_again_on_compute_nodes(layered: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_APPLIANCE_STACKS", str(layered.rig.stacks))
    other = {**MODULE_AND_FILTER, FILTER: MODULE_AND_FILTER[FILTER].replace("text.upper()", "text.title()")}
    collection(layered.rig.folder / "site/collections", files=other)
    said = layered.site()
    assert (said["exit_status"], said["compute_nodes_failed"]) == (0, 0)
    assert {layered.run(node, f"cat {OF_THE_COLLECTION}") for node in COMPUTE} == {"First"}


def test_a_hook_that_fails_keeps_the_node_away_from_jobs_and_is_named(
    layered: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_APPLIANCE_STACKS", str(layered.rig.stacks))
    hook = "environments/life/hooks/compute-init/post.yml"
    broken = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Break", "ansible.builtin.fail": {}}]}]
    write(layered.rig.folder, {hook: json.dumps(broken)})
    try:
        said = layered.site()
        assert said["compute_nodes_failed"] == len(COMPUTE)
        assert all("environment/hooks/compute-init/post.yml" in failure for failure in said["failures"])
        assert all("DRAIN" in layered.node(node)["state"] for node in COMPUTE)
    finally:
        write(layered.rig.folder, {hook: LAYER[hook]})
    assert layered.site()["exit_status"] == 0
    for node in COMPUTE:
        layered.wait_for_state(node, "IDLE")
