"""``python -m tests.fakes.project DELAY``: a project in a process of its own, for benchmarks.

Prints the environment of its users as JSON, and goes on until standard input ends. A line ``calls`` there is answered
with the number of calls so far, and the CPU seconds that they took.
"""

import json
import sys
import time

from tests.fakes.project import FakeProject

if __name__ == "__main__":
    project = FakeProject()
    project.api.delay = float(sys.argv[1])
    project.add_network("cluster", "10.0.0.0/16")
    project.add_image("image-a")
    project.add_image("image-b")
    project.add_key_pair("operators")
    with project.serving():
        print(json.dumps(project.environment()), flush=True)
        for _line in sys.stdin:
            answer = {"calls": sum(project.api.calls.values()), "cpu": time.process_time()}
            print(json.dumps(answer), flush=True)
