"""The models at hand: bundled ones first, then those added. Never opens a file whose hash does not fit its card."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from homeward.domain.calibration import Calibration
from homeward.errors import Conflict, HomewardError, ModelInvalid, NotFound, StorageFull
from homeward.models.cards import Card, DetectorCard, EmbedderCard, load_yaml, parse_card, read_card
from homeward.models.golden import check_golden
from homeward.models.late import LateNetwork
from homeward.models.onnx import Network, OnnxDetector, OnnxEmbedder, OnnxNetwork
from homeward.models.remote.network import RemoteNetwork
from homeward.models.remote.service import Service

BUNDLED = Path(__file__).parent / "weights"
MAX_MODEL_BYTES = 2_000_000_000
DOWNLOADS, PINS, CALIBRATIONS = "downloads", "pins.json", "calibrations"


class Registry:
    """Cards and files in folders."""

    def __init__(self, folders: Sequence[Path], service: Service | None = None, *, is_late: bool = False) -> None:
        """``folders`` hold added models; `add` writes into the first. With a ``service`` networks run there.

        ``is_late``: detectors and embedders open, and are checked, at their first run.
        """
        self._added = tuple(folders)
        self._service = service
        self._is_late = is_late

    def cards(self) -> list[DetectorCard | EmbedderCard]:
        """All that are whole, bundled first."""
        return [found for _, found in self._tried() if not isinstance(found, ModelInvalid)]

    def broken(self) -> dict[str, ModelInvalid]:
        """By name, what is wrong with the cards that cannot be used; they keep nobody from the others."""
        return {name: found for name, found in self._tried() if isinstance(found, ModelInvalid)}

    def card(self, name: str) -> DetectorCard | EmbedderCard:
        """The card of that name.

        Raises:
            NotFound: there is none; the hint names those that there are.
        """
        return self._read(self._path(name))

    def detector(self, name: str, threads: int = 0, *, least: float | None = None) -> OnnxDetector:
        """A detector, opened; with ``least`` it draws every box of that confidence, whatever its card's thresholds."""
        card = self.card(name)
        if not isinstance(card, DetectorCard):
            raise ModelInvalid(f"{name} is no detector.", field="detector", hint="See homeward models list.")
        if least is not None:
            card = replace(card, thresholds=dict.fromkeys(card.thresholds, least))
        return OnnxDetector(card, self._network(card, threads))

    def embedder(self, name: str, threads: int = 0) -> OnnxEmbedder:
        """An embedder, opened."""
        card = self._embedder_card(name)
        return OnnxEmbedder(card, self._network(card, threads))

    def checked_embedder(self, name: str, threads: int = 0) -> OnnxEmbedder:
        """An embedder, opened, whose file gave its card's golden numbers here, wherever it is to run.

        Raises:
            ModelInvalid: it gives others, or is no embedder.
        """
        card = self._embedder_card(name)
        return OnnxEmbedder(card, self._network(card, threads, is_checked=True))

    def _embedder_card(self, name: str) -> EmbedderCard:
        card = self.card(name)
        if not isinstance(card, EmbedderCard):
            raise ModelInvalid(f"{name} is no embedder.", field="embedder", hint="See homeward models list.")
        return card

    def calibration(self, name: str) -> Calibration:
        """What an embedder's distances mean."""
        return self._embedder_card(name).calibration

    def calibrate(self, name: str, entry: Mapping[str, Any]) -> EmbedderCard:
        """Give an embedder's card another curve; those of other species and parts stay.

        What the package brought is not written to: the curves lie beside the added models and count instead.

        Raises:
            ModelInvalid: the model is no embedder, or the curve is none.
            StorageFull: the disk took no more; nothing changed.
        """
        card = self._embedder_card(name)
        kind = (entry["species"], entry["part"])
        others = [known for known in card.raw.get("calibration") or () if (known["species"], known["part"]) != kind]
        entries = [*others, dict(entry)]
        alert = max((known["alert_degree"] for known in entries if "alert_degree" in known), default=None)
        own = {"calibration": entries} | ({"alert_degree": alert} if alert is not None else {})
        changed = parse_card({**card.raw, **own})
        assert isinstance(changed, EmbedderCard)
        folder = self._added[0] / CALIBRATIONS
        part = folder / f"{name}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part.write_text(yaml.safe_dump(own, sort_keys=False, default_flow_style=None, width=110), encoding="utf-8")
            _sync([part])
            part.replace(folder / f"{name}.yaml")
        except OSError as error:
            raise _unwritten(error, folder) from error
        finally:
            part.unlink(missing_ok=True)
        return changed

    def network(
        self, name: str, threads: int = 0, device: str = "cpu"
    ) -> tuple[DetectorCard | EmbedderCard, OnnxNetwork]:
        """A model's card and its network, opened in this process."""
        card = self.card(name)
        return card, OnnxNetwork(card, self._file(card), threads, device)

    def file(self, name: str) -> Path:
        """The network of that name, once its hash is seen to be the card's."""
        return self._file(self.card(name))

    def sha256(self, name: str) -> str:
        """The hash of the network of that name: as its card says, else of the file."""
        card = self.card(name)
        return card.sha256 or _sha256(self._file(card))

    def _network(self, card: Card, threads: int, *, is_checked: bool = False) -> Network:
        file = self._file(card)

        def opened() -> Network:
            network = self._opened(card, file, threads)
            if is_checked:
                check_golden(card, network if self._service is None else OnnxNetwork(card, file, threads=1))
            return network

        return LateNetwork(opened) if self._is_late else opened()

    def _opened(self, card: Card, file: Path, threads: int) -> Network:
        if self._service is None:
            return OnnxNetwork(card, file, threads)
        return RemoteNetwork(card, self._service, lambda: OnnxNetwork(card, file, threads))

    def is_bundled(self, name: str) -> bool:
        """Whether the model came with the package."""
        return (BUNDLED / f"{name}.yaml").exists()

    def check_golden(self, name: str) -> bool:
        """Whether the network gives the card's golden numbers; False where the card has none.

        Raises:
            ModelInvalid: it gives others: these are not the weights that the card describes.
        """
        card = self.card(name)
        return check_golden(card, OnnxNetwork(card, self._file(card), threads=1))

    def names_added(self) -> list[str]:
        """Names of the models that did not come with the package."""
        return [path.stem for folder in self._added for path in sorted(folder.glob("*.yaml"))]

    def downloads(self) -> Path:
        """A folder for files on their way, of this process and of others; whoever puts one there takes it away."""
        folder = self._added[0] / DOWNLOADS
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add(self, onnx: Path, card_path: Path, *, pin: bool = False) -> Card:
        """Take a model in, after opening and checking it. Nothing is left behind where it fails.

        With ``pin`` the file's hash is remembered, also after `remove`: the next file of that name must be the same.

        Raises:
            ModelInvalid: card, file or golden numbers are wrong.
            Conflict: there is a model of that name.
        """
        card = read_card(card_path)
        if any(path.stem == card.name for path in self._paths()):
            raise Conflict(f"There is a model {card.name}.", field="name", hint="Remove it first, or rename yours.")
        if not onnx.is_file() or onnx.stat().st_size > MAX_MODEL_BYTES:
            raise ModelInvalid(f"{onnx.name} is no file of a fitting size.", field="file")
        digest = _sha256(onnx)
        if card.sha256 not in {None, digest}:
            raise ModelInvalid("The file is not the one that the card names.", field="sha256", hint=f"It has {digest}.")
        pins = self._pins() if pin else {}
        if pins.get(card.name, digest) != digest:
            hint = f"Its maker changed it. If you trust that, take {card.name} out of {self._added[0] / PINS}."
            raise ModelInvalid("The file is not the one that was pulled first.", field="sha256", hint=hint)
        check_golden(card, OnnxNetwork(card, onnx, threads=1))
        kept = self._keep(card, onnx, digest)
        if pin:
            self._pin(pins | {str(card.name): digest})
        return kept

    def remove(self, name: str) -> None:
        """Delete an added model.

        Raises:
            Conflict: it is a bundled one.
            NotFound: there is none of that name.
        """
        path = self._path(name)
        if self.is_bundled(name):
            raise Conflict(f"{name} came with Homeward and stays.", field="name")
        path.unlink()
        (path.parent / f"{name}.onnx").unlink(missing_ok=True)
        (self._added[0] / CALIBRATIONS / f"{name}.yaml").unlink(missing_ok=True)

    def _tried(self) -> Iterator[tuple[str, DetectorCard | EmbedderCard | ModelInvalid]]:
        for path in self._paths():
            try:
                yield path.stem, self._read(path)
            except ModelInvalid as error:
                yield path.stem, error

    def _read(self, path: Path) -> DetectorCard | EmbedderCard:
        """The card, under the calibration that was made here where there is one."""
        card = read_card(path)
        for folder in self._added:
            own = folder / CALIBRATIONS / path.name
            if isinstance(card, EmbedderCard) and own.exists():
                return parse_card({**card.raw, **load_yaml(own)})
        return card

    def _keep(self, card: Card, onnx: Path, digest: str) -> Card:
        folder = self._added[0]
        folder.mkdir(parents=True, exist_ok=True)
        raw = {**card.raw, "file": f"{card.name}.onnx", "sha256": digest}
        network, target = folder / f"{card.name}.onnx", folder / f"{card.name}.yaml"
        parts = (folder / f"{card.name}.onnx.part", folder / f"{card.name}.yaml.part")
        try:
            shutil.copyfile(onnx, parts[0])
            if _sha256(parts[0]) != digest:
                raise ModelInvalid("The file changed while it was copied.", field="file", hint="Add it again.")
            parts[1].write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
            _sync(parts)
            parts[0].replace(network)
            parts[1].replace(target)  # last: a card whose file is missing is never seen
        except OSError as error:
            raise _unwritten(error, folder) from error
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        return read_card(target)

    def _pins(self) -> dict[str, str]:
        path = self._added[0] / PINS
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def _pin(self, pins: dict[str, str]) -> None:
        path = self._added[0] / PINS
        part = path.with_name(PINS + ".part")
        part.write_text(json.dumps(pins, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(path)

    def _paths(self) -> Iterator[Path]:
        for folder in (BUNDLED, *self._added):
            yield from sorted(folder.glob("*.yaml"))

    def _path(self, name: str) -> Path:
        paths = {path.stem: path for path in reversed(list(self._paths()))}
        if name not in paths:
            raise NotFound(f"There is no model {name}.", field="name", hint=f"There are {', '.join(sorted(paths))}.")
        return paths[name]

    def _file(self, card: Card) -> Path:
        file = self._path(card.name).parent / card.file
        if not file.exists():
            raise ModelInvalid(f"{card.file} is missing.", field="file", hint="Install Homeward or the model again.")
        if card.sha256 is not None and _sha256(file) != card.sha256:
            raise ModelInvalid(f"{card.file} is damaged: its hash is not the card's.", field="sha256")
        return file


def _unwritten(error: OSError, folder: Path) -> HomewardError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull("The disk has no room for the model.", field="file", hint="Free some and add it again.")
    return Conflict(f"The model cannot be kept in {folder.name}.", field="file", hint=error.strerror)


def _sync(files: Sequence[Path]) -> None:
    for file in files:
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
