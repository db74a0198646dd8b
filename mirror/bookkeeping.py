"""Corrects what Pulp's task system notices late, with statements on its tables.

A killed process stays in Pulp's list for minutes, and its task blocks others; a worker that has just started does not
look for tasks that arrived before it. Either would make an operator wait for a quarter of an hour after a crash.
"""

from mirror.children import Program, Surroundings
from mirror.database import PostgresCluster
from mirror.places import MirrorPlaces
from mirror.pulp_settings import DATABASE, process_environment

_LIMIT = 60.0


class Bookkeeping:
    """Corrections to the task system of a mirror with a running database.

    Args:
        places: the mirror's folders.
        surroundings: shared properties of all processes.
    """

    def __init__(self, places: MirrorPlaces, surroundings: Surroundings) -> None:
        self._places = places
        self._surroundings = surroundings

    def forget(self, process: str) -> None:
        """Remove ended processes from the list; the next worker then fails their orphaned tasks.

        Args:
            process: its name in Pulp, or an SQL LIKE pattern.

        Raises:
            ServiceError: the database does not respond.
        """
        ended = f"SELECT pulp_id FROM core_appstatus WHERE name LIKE '{process}'"  # noqa: S608 - we make the names
        self._sql(
            f"UPDATE core_task SET app_lock_id = NULL WHERE app_lock_id IN ({ended}); "  # noqa: S608 - as above
            f"DELETE FROM core_appstatus WHERE name LIKE '{process}'"
        )

    def wake_workers(self) -> None:
        """Make the workers look for tasks.

        Raises:
            ServiceError: the database does not respond.
        """
        self._sql("NOTIFY pulp_worker_wakeup, 'unblock'")

    def _sql(self, statement: str) -> None:
        command = PostgresCluster.of(self._places, self._surroundings.account).sql_command(statement, DATABASE)
        self._surroundings.run(Program("psql", command, process_environment(self._places)), _LIMIT)
