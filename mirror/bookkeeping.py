"""What Pulp's task system notices late, and what is done about it: statements on its tables.

A process that was killed stays in Pulp's list for minutes, and its task keeps others waiting; and a worker that has
just started does not look for tasks that came when there was none. Both would make an operator wait for a quarter of
an hour after a crash.
"""

from mirror.children import Program, Surroundings
from mirror.database import PostgresCluster
from mirror.places import MirrorPlaces
from mirror.pulp_settings import DATABASE, process_environment

_LIMIT = 60.0


class Bookkeeping:
    """Corrections to the task system of a mirror whose database runs.

    Args:
        places: the mirror's folders.
        surroundings: what all processes share.
    """

    def __init__(self, places: MirrorPlaces, surroundings: Surroundings) -> None:
        self._places = places
        self._surroundings = surroundings

    def forget(self, process: str) -> None:
        """Take ended processes off the list; the next worker to look finds their tasks without one, and fails them.

        Args:
            process: its name in Pulp, or a pattern as LIKE has them.

        Raises:
            ServiceError: the database does not answer.
        """
        ended = f"SELECT pulp_id FROM core_appstatus WHERE name LIKE '{process}'"  # noqa: S608 - we make the names
        self._sql(
            f"UPDATE core_task SET app_lock_id = NULL WHERE app_lock_id IN ({ended}); "  # noqa: S608 - as above
            f"DELETE FROM core_appstatus WHERE name LIKE '{process}'"
        )

    def wake_workers(self) -> None:
        """Let the workers look for tasks.

        Raises:
            ServiceError: the database does not answer.
        """
        self._sql("NOTIFY pulp_worker_wakeup, 'unblock'")

    def _sql(self, statement: str) -> None:
        command = PostgresCluster.of(self._places, self._surroundings.account).sql_command(statement, DATABASE)
        self._surroundings.run(Program("psql", command, process_environment(self._places)), _LIMIT)
