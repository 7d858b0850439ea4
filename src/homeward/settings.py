"""Settings: the only reader of environment, `homeward.toml` and `/run/secrets`. Frozen."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_origin

from pydantic import AnyHttpUrl, AnyUrl, Field, IPvAnyNetwork, SecretStr, UrlConstraints, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from homeward.errors import BadSettings
from homeward.models.limits import Batching
from homeward.settings_wrong import why

TOML_FILE = Path("homeward.toml")
LOOPBACK, ANYWHERE = "127.0.0.1", {"0.0.0.0", "::", ""}  # noqa: S104 - where one listens is nowhere to go
SECRETS_FOLDER = Path("/run/secrets")
PREFIX = "HOMEWARD_"
BESIDES = ("HOMEWARD_LANG", "HOMEWARD_CAMERA_KEY", "HOMEWARD_SHARED", "HOMEWARD_TEST_")  # read by others than this
OPEN_FREE_MAP = "https://tiles.openfreemap.org/styles"
ServiceUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["http", "https", "grpc", "grpcs"], host_required=True)]


class Settings(BaseSettings):
    """Everything that can be set. The environment wins over `homeward.toml`, which wins over defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # an empty one is not set: as a folder it would be the one that one stands in
        toml_file=TOML_FILE,
        secrets_dir=SECRETS_FOLDER if SECRETS_FOLDER.is_dir() else None,
        extra="forbid",
        frozen=True,
    )

    data: Path = Field(Path("homeward-data"), description="Folder of the database and the photos.")
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL for the rows: postgresql://user:password@host:5432/name; default: a file in `data`.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 opens it to the network.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: AnyHttpUrl = Field(
        AnyHttpUrl("http://127.0.0.1:8000"), description="Address under which people reach the server."
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed, a JSON list; for example "
        '["127.0.0.1", "10.0.0.0/8"].',
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="Shape of log lines; auto is json unless a terminal watches."
    )
    photos_url: str | None = Field(
        None,
        description="Object store of the photos: s3://bucket/prefix, gs://bucket/prefix or az://container/prefix; "
        "default: `photos` in the data folder. `homeward migrate photos` moves them.",
    )
    photos_endpoint: AnyHttpUrl | None = Field(
        None, description="Address of an object store of your own that speaks S3 (http: only within a closed network)."
    )
    photos_key: SecretStr | None = Field(
        None,
        description="Key to the object store: S3 KEY_ID:SECRET, Azure ACCOUNT:KEY, Google a service account's JSON; "
        "default: the cloud's own variables or the machine's role.",
    )
    photos_link_s: int = Field(
        0,
        ge=0,
        le=3600,
        description="Seconds that an address at the object store is good for, to which browsers are sent for unblurred "
        "photos in full size; 0 = every photo goes through Homeward.",
    )
    index_url: AnyHttpUrl | None = Field(
        None,
        description="Qdrant server or cluster that searches the vectors, for tens of millions of them; default: "
        "the database and memory of this machine.",
    )
    index_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    districts: Path | None = Field(
        None, description="GeoJSON file of polygons with a `name` property: the districts of the city."
    )
    detector: str = Field("homeward-detector-1", description="Card name of the detector.")
    embedder: str = Field("homeward-embedder-3", description="Card name of the embedder.")
    models: Path | None = Field(
        None,
        description="Folder of cards added by `homeward models add`; default: `models` in the data folder.",
    )
    model_threads: int = Field(0, ge=0, le=64, description="Threads per model call; 0 uses all cores.")
    model_service: ServiceUrl | None = Field(
        None,
        description="A model service (`homeward models serve`, Triton) that runs the networks: "
        "http(s):// or grpc(s)://; default: here.",
    )
    model_service_key: SecretStr | None = Field(None, description="The key to the model service.")
    model_service_timeout_s: float = Field(
        5.0, gt=0, le=60, description="Longest wait for the model service, tries included; then the network runs here."
    )
    model_device: Literal["cpu", "cuda"] = Field(
        "cpu", description="What `homeward models serve` runs networks on; cuda wants onnxruntime-gpu."
    )
    model_processes: int = Field(1, ge=1, le=64, description="Processes of `homeward models serve` on one port.")
    model_batching: dict[str, Batching] = Field(
        {},
        description="How calls of a model are joined by `homeward models serve` and in Triton (JSON): "
        "its name, then max_batch, max_delay_ms, instances, most_waiting.",
    )
    max_upload_mb: float = Field(20.0, gt=0, le=100, description="Largest photo file, in megabytes.")
    max_megapixels: float = Field(
        50.0, gt=0, le=200, description="Largest picture, in millions of pixels, checked before decoding."
    )
    uploads_per_minute: int = Field(60, ge=0, description="Uploads per caller and minute; 0 = no limit.")
    window_s: float = Field(3.0, gt=0, le=60, description="Window of the repeat rule for cameras, in seconds.")
    duplicate_l2: float = Field(
        0.01, ge=0, le=2, description="Sightings of one camera nearer than this L2 distance are repeats."
    )
    encounter_gap_min: float = Field(
        10.0, gt=0, le=1440, description="Minutes without a sighting after which an encounter ends."
    )
    alert_degree: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Least degree that alerts the owner; default: what the model's card says.",
    )
    alert_cooldown_min: float = Field(
        15.0, ge=0, description="Least minutes between two alerts about one lost pet or one find, unless one is better."
    )
    matches_kept: int = Field(1000, ge=10, le=100_000, description="Best matches kept per lost report.")
    link_days: int = Field(365, ge=1, description="Days that an owner's link stays valid.")
    sighting_days: int = Field(30, ge=1, description="Days that unmatched sightings are kept.")
    closed_days: int = Field(90, ge=1, description="Days that closed reports are kept before they are erased.")
    open_days: int = Field(365, ge=1, description="Days after which an open report expires.")
    answer_days: int = Field(
        10,
        ge=1,
        description="Days in which a person's request has to be answered (152-FZ: 10 working days, GDPR: a month).",
    )
    operator: str = Field(
        "", max_length=300, description="Who runs this server and how to reach them: shown to everybody on /privacy."
    )
    map_style: AnyHttpUrl | Literal["none"] = Field(
        AnyHttpUrl(f"{OPEN_FREE_MAP}/liberty"),
        description="MapLibre style of the page's map; browsers load it from there. `none`: district outlines only.",
    )
    map_style_dark: AnyHttpUrl | None = Field(
        None,
        description="The same for dark screens; default: OpenFreeMap's dark one beside its light one, else map_style.",
    )
    map_file: Path | None = Field(
        None, description="PMTiles file of the city (Protomaps basemap), served from here instead of any map_style."
    )
    smtp_url: SecretStr | None = Field(
        None, description="Mail server for letters: smtp://user:password@host:587, or smtps:// for TLS from the start."
    )
    email_from: str = Field("Homeward <homeward@localhost>", description="Sender of the letters.")
    push_services: tuple[str, ...] = Field(
        ("fcm.googleapis.com", "web.push.apple.com", ".push.services.mozilla.com", ".notify.windows.com"),
        description="Hosts of browsers' push services that news may go to; .example.org: all below it (JSON list).",
    )
    telegram_token: SecretStr | None = Field(None, description="Token of the Telegram bot.")
    telegram_api_url: AnyHttpUrl | None = Field(None, description="A self-hosted Bot API server.")
    telegram_webhook: bool = Field(
        default=False, description="Let Telegram send updates to `public_url` (https) instead of asking for them."
    )
    telegram_admins: tuple[int, ...] = Field(
        (), description="Telegram ids of operators: /stats, and a message when something stands still (JSON list)."
    )
    bot_key: SecretStr | None = Field(None, description="Key of scope bot, for a bot on another machine.")

    @property
    def models_folder(self) -> Path:
        """Where added cards lie."""
        return self.models or self.data / "models"

    @property
    def map_styles(self) -> tuple[str, str] | None:
        """MapLibre styles for light and for dark screens; None: the ground is drawn from what lies here."""
        if self.map_file is not None or self.map_style == "none":
            return None
        light = str(self.map_style)
        dark = f"{OPEN_FREE_MAP}/dark" if light == f"{OPEN_FREE_MAP}/liberty" else light
        return light, str(self.map_style_dark or dark)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, secrets, TOML, in this order."""
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, file_secret_settings, toml


def strange_names() -> dict[str, str | None]:
    """Variables of the environment that look like settings and are none, each with the name that is nearest to it."""
    ours = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and not name.startswith(BESIDES))
    words = {name: name[len(PREFIX) :].lower() for name in ours}
    nearest = {
        name: difflib.get_close_matches(word, Settings.model_fields, 1)
        for name, word in words.items()
        if word not in Settings.model_fields
    }
    return {name: f"{PREFIX}{found[0].upper()}" if found else None for name, found in nearest.items()}


def _unreadable(message: str) -> BadSettings:
    """What pydantic says so: ``error parsing value for field "trusted_proxies" from source ...``."""
    name = message.split('"')[1]
    is_list = get_origin(Settings.model_fields[name].annotation) is tuple
    kind, example = ("list", '["one", "two"]') if is_list else ("object", '{"name": {"max_batch": 8}}')
    hint = f"It is written like this: {PREFIX}{name.upper()}='{example}'. {Settings.model_fields[name].description}"
    return BadSettings(f"{PREFIX}{name.upper()} must be a JSON {kind}.", field=name, hint=hint)


def _but(name: str) -> str:
    nearest = difflib.get_close_matches(name, Settings.model_fields, 1)
    return f", but {nearest[0]}" if nearest else ""


def _refused(finding: ErrorDetails) -> BadSettings:
    name, *parts = finding["loc"]
    name, within = str(name), ".".join(part for part in parts if isinstance(part, str) and "[" not in part)
    known = Settings.model_fields.get(name)
    if known is None:
        hint = f"There is no such setting{_but(name)}; see docs/reference/settings.md."
        return BadSettings(f"{TOML_FILE} has an unknown key {name}.", field=name, hint=hint)
    each = "each of " if any(isinstance(part, int) for part in parts) else ""
    place = f"{each}{PREFIX}{name.upper()}" + (f", {within}," if within else "")
    return BadSettings(f"{place} {why(finding)}.", field=name, hint=known.description)


def load(**overrides: object) -> Settings:
    """Read the settings; ``overrides`` (None = not given) come from the command line.

    Raises:
        BadSettings: naming the variable, what is wrong with it, and what it is for.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        found = Settings(**given)  # type: ignore[arg-type]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{TOML_FILE} is not TOML: {error}.", field=str(TOML_FILE)) from error
    except SettingsError as error:
        raise _unreadable(str(error)) from error
    except ValidationError as error:
        raise _refused(error.errors()[0]) from error
    for path in (found.data, *found.data.parents):
        if os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where a folder above it is closed
            hint = "Name a folder with --data or HOMEWARD_DATA."
            raise BadSettings(f"{path} is a file, no folder.", field="data", hint=hint)
    if "public_url" in found.model_fields_set or not found.port:
        return found
    host = LOOPBACK if found.host in ANYWHERE else f"[{found.host}]" if ":" in found.host else found.host
    try:
        own = AnyHttpUrl(f"http://{host}:{found.port}")
    except ValidationError:
        raise BadSettings(
            f"{found.host} is no address to listen on.", field="host", hint="127.0.0.1 or 0.0.0.0"
        ) from None
    return found.model_copy(update={"public_url": own})
