"""PostgreSQL server on a free port, in a temporary folder, with an unprivileged user."""

from __future__ import annotations

import csv
import io
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.services import LOOPBACK, LocalService, free_port

if TYPE_CHECKING:
    from contextlib import ExitStack

# Debian keeps the server's programs out of PATH, by version.
DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root; Debian's package makes this user.
UNPRIVILEGED = "postgres"
NAME = "support"
PASSWORD = "sample"
START_SECONDS = 30


class PostgreSQL(LocalService):
    """A running server with one database and one user, both of the same name."""

    def _start(self, opened: ExitStack) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="composition-"))
        opened.callback(shutil.rmtree, self._folder)
        self._owner = UNPRIVILEGED if os.geteuid() == 0 else None
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if self._owner:
            identity = pwd.getpwnam(self._owner)
            for path in (self._folder, password):
                os.chown(path, identity.pw_uid, identity.pw_gid)
        data = str(self._folder / "data")
        identified = (f"--username={NAME}", f"--pwfile={password}", "--auth=scram-sha-256")
        self._call("initdb", "--no-sync", "--encoding=UTF8", *identified, data)
        self.port = free_port()
        places = ("-k", str(self._folder), "-h", LOOPBACK, "-p", str(self.port))
        log = opened.enter_context((self._folder / "log").open("wb"))
        server = subprocess.Popen(
            [_program("postgres"), "-D", data, "-F", *places],
            stdout=log,
            stderr=subprocess.STDOUT,
            **self._as_owner(),
        )
        opened.callback(server.wait)
        opened.callback(server.terminate)
        self._wait()
        self.sql(f"CREATE DATABASE {NAME}", database="postgres")

    def sql(self, statement: str, database: str = NAME) -> list[dict[str, str]]:
        """The rows of a query, as text by column; nothing of other statements."""
        place = ("-h", LOOPBACK, "-p", str(self.port), "-U", NAME, "-d", database)
        finished = subprocess.run(
            [_program("psql"), "-X", "-q", "--csv", "-v", "ON_ERROR_STOP=1", *place],
            input=statement,
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(f"psql: {finished.stderr}")
        return list(csv.DictReader(io.StringIO(finished.stdout)))

    def _wait(self) -> None:
        for _ in range(START_SECONDS * 10):
            if self._ready():
                return
            time.sleep(0.1)
        raise RuntimeError((self._folder / "log").read_text())

    def _ready(self) -> bool:
        try:
            self.sql("SELECT 1", database="postgres")
        except RuntimeError:
            return False
        return True

    def _as_owner(self) -> dict[str, Any]:
        # It starts in its own folder, because it may not read ours.
        if not self._owner:
            return {"cwd": self._folder}
        return {"cwd": self._folder, "user": self._owner, "group": self._owner, "extra_groups": []}

    def _call(self, program: str, *arguments: str) -> None:
        finished = subprocess.run(
            [_program(program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._as_owner(),
        )
        if finished.returncode:
            raise RuntimeError(f"{program}: {finished.stderr}")


def _program(name: str) -> str:
    newest = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is missing. On Debian: apt-get install postgresql")
    return found
