"""Matches: a lost and a found report, how alike they are, and what the owner said of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeward.domain.animals import Part, Species
from homeward.domain.breeds import BreedGuess
from homeward.domain.ids import CropId, EncounterId, ModelName, ReportId
from homeward.domain.reports import Camera, Crop, Report, Source


class Verdict(StrEnum):
    """What the owner says of a match."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class ReasonCode(StrEnum):
    """Why a match stands where it stands; put into words by the door that shows it."""

    LOOKS_ALIKE = "looks_alike"
    LOOKS_DIFFERENT = "looks_different"
    FACES_ALIKE = "faces_alike"
    NEAR_HOME = "near_home"
    NEAR_LAST_SEEN = "near_last_seen"
    FAR_AWAY = "far_away"
    SOON_AFTER = "soon_after"
    LATER = "later"
    BEFORE_LOST = "before_lost"
    SPECIES_UNSURE = "species_unsure"
    LIKE_A_REJECTED_ONE = "like_a_rejected_one"
    SAME_PICTURE = "same_picture"
    OWNER_SAYS_SAME = "owner_says_same"
    FINDER_ANSWERED = "finder_answered"
    VOLUNTEERS_SAME = "volunteers_same"
    VOLUNTEERS_DIFFERENT = "volunteers_different"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code with its number (km, hours, L2 ...), or none."""

    code: ReasonCode
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A pair (lost, found) as stored.

    ``l2_distance`` belongs to the deciding pair of crops, of part ``part``, out of ``compared_pairs``;
    ``degree`` is the probability (0 to 1) that the two are one animal; ``distance_km`` runs from home,
    else from where it was lost, to where the other was found; ``days`` from lost to found (negative: before).
    ``calibration`` names the card and version whose curve made the degree.
    """

    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    l2_distance: float
    degree: float
    part: Part
    lost_crop_id: CropId
    found_crop_id: CropId
    compared_pairs: int
    distance_km: float | None
    days: float
    reasons: tuple[Reason, ...]
    model: ModelName
    calibration: str
    computed_at: datetime
    verdict: Verdict | None = None
    verdict_at: datetime | None = None


class Sort(StrEnum):
    """Orders of the list of matches; degree falls, all others rise except seen_at (newest first)."""

    DEGREE = "degree"
    L2_DISTANCE = "l2_distance"
    DISTANCE_KM = "distance_km"
    SEEN_AT = "seen_at"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class MatchQuery:
    """The owner's visible filters on the stored matches of one lost report.

    ``max_km`` counts from home, else from where it was lost; a match without a place does not pass it.
    ``found_ids`` keeps only these; ``unjudged`` keeps only matches without a verdict.
    ``offset`` is the cursor's content.
    """

    sort: Sort = Sort.DEGREE
    districts: tuple[str, ...] = ()
    max_km: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_degree: float | None = None
    source: Source | None = None
    species: Species | None = None
    verdict: Verdict | None = None
    unjudged: bool = False
    found_ids: tuple[ReportId, ...] = ()
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class MatchView:
    """A match with what a person wants to see beside it."""

    match: Match
    found: Report
    found_crop: Crop
    camera: Camera | None
    breed: BreedGuess | None = None


@dataclass(frozen=True, slots=True)
class MatchPage:
    """One page of matches; ``total`` counts those that pass the filter, ``hidden`` those that do not."""

    items: tuple[MatchView, ...]
    total: int
    hidden: int
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class FinderMatch:
    """What a finder may know of a match: no exact place, a band of distance only."""

    lost_id: ReportId
    degree: float
    lost_crop: Crop
    name: str | None
    species: Species
    district: str | None
    band_km: tuple[float, float | None] | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How many found animals of the kind are about: ``count`` within ``radius_km`` and ``days`` days.

    ``least_per_km2`` are there even where nobody has told of them yet.
    """

    count: int
    radius_km: float
    days: float
    least_per_km2: float = 0.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything but looks that a degree depends on.

    ``km`` and ``days`` are None where unknown. ``species_agree`` : the probability of one kind.
    """

    km: float | None
    days: float | None
    surroundings: Surroundings
    species_agree: float = 1.0
