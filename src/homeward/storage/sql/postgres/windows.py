"""How often somebody did something lately, counted for all processes together. A crash of the server forgets it."""

from dataclasses import dataclass

from sqlalchemy import text

from homeward.storage.sql.postgres.database import PostgresDatabase

FORGET = text("DELETE FROM uploads WHERE caller = :name AND at <= extract(epoch FROM clock_timestamp()) - :within_s")
COUNT = text("""
SELECT count(*), min(at) + :within_s - extract(epoch FROM clock_timestamp()) FROM uploads WHERE caller = :name
""")
NOTE = text("INSERT INTO uploads (caller, at) VALUES (:name, extract(epoch FROM clock_timestamp()))")


@dataclass(frozen=True, slots=True)
class SharedWindow:
    """`homeward.ports.Window` in the database, by its own clock."""

    database: PostgresDatabase

    def hit(self, name: str, most: int, within_s: float) -> float:
        """Count once more and say 0, or say in how many seconds it may be."""
        with self.database.write() as work:
            work.alone(f"uploads:{name}")
            values = {"name": name, "within_s": within_s}
            work.connection.execute(FORGET, values)
            done, wait_s = work.connection.execute(COUNT, values).one()
            if done >= most:
                return max(0.001, float(wait_s))
            work.connection.execute(NOTE, values)
        return 0.0
