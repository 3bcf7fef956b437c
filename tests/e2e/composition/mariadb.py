"""MariaDB server on a free port, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.services import LOOPBACK, LocalService, free_port

from e2e.composition.postgresql import NAME, PASSWORD, START_SECONDS

if TYPE_CHECKING:
    from contextlib import ExitStack

# Debian keeps the server's programs out of the PATH of a user.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


class MariaDB(LocalService):
    """A running server with one database and one user, both of the same name."""

    def _start(self, opened: ExitStack) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="composition-"))
        opened.callback(shutil.rmtree, self._folder)
        self.port = free_port()
        self._socket = self._folder / "socket"
        # Its own files, and no setting of the host.
        own = ("--no-defaults", f"--datadir={self._folder / 'data'}")
        root = ("--user=root",) if os.geteuid() == 0 else ()
        install = (*own, *root, "--auth-root-authentication-method=normal")
        subprocess.run([_program("mariadb-install-db"), *install], check=True, capture_output=True)
        # Without names, the anonymous user of localhost is not taken for ours.
        places = (
            *(f"--socket={self._socket}", "--skip-name-resolve"),
            *(f"--bind-address={LOOPBACK}", f"--port={self.port}"),
        )
        log = opened.enter_context((self._folder / "log").open("wb"))
        server = subprocess.Popen(
            [_program("mariadbd"), *own, *root, *places], stdout=log, stderr=subprocess.STDOUT
        )
        opened.callback(server.wait)
        opened.callback(server.terminate)
        self._wait()
        self.sql(
            f"CREATE DATABASE {NAME}; CREATE USER {NAME} IDENTIFIED BY '{PASSWORD}';"
            f"GRANT ALL ON *.* TO {NAME}",
            database="mysql",
        )

    def sql(self, statements: str, database: str = NAME) -> None:
        """Run statements.

        Raises:
            RuntimeError: one of them failed.
        """
        place = ("--no-defaults", f"--socket={self._socket}", "--user=root", database)
        finished = subprocess.run(
            [_program("mariadb"), *place, "--default-character-set=utf8mb4"],
            input=statements,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(f"mariadb: {finished.stderr}")

    def _wait(self) -> None:
        for _ in range(START_SECONDS * 10):
            if self._ready():
                return
            time.sleep(0.1)
        raise RuntimeError((self._folder / "log").read_text())

    def _ready(self) -> bool:
        try:
            self.sql("SELECT 1", database="mysql")
        except RuntimeError:
            return False
        return True


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if not found:
        raise FileNotFoundError(f"{name} is missing. On Debian: apt-get install mariadb-server")
    return found
