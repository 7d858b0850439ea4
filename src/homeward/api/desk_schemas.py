"""What the operator's desk takes, for its description (OpenAPI) and for checking JSON bodies."""

from pydantic import Field

from homeward.api.bodies import Body
from homeward.domain.desk import ComplaintKind, Decision, Opinion, PetitionKind

MOST_WORDS = 2000


class Decided(Body):
    """What is done with a report."""

    decision: Decision = Field(description="keep (nothing is wrong), hide, show again, close, erase")
    why: str = Field("", max_length=MOST_WORDS, description="Read by other operators, and by its owner where it hides.")


class NewBlock(Body):
    """Whom to block: whoever sent this report."""

    report_id: str = Field(min_length=1, max_length=64, description="What they sent.")
    days: int | None = Field(None, ge=1, le=3650, description="For how long; null: until it is lifted.")
    why: str = Field(max_length=MOST_WORDS, description="For other operators.")


class NewOpinion(Body):
    """What a volunteer says of a pair."""

    opinion: Opinion = Field(description="Whether the two are one animal; not_comparable: the photos do not show it.")


class NewComplaint(Body):
    """What is wrong with a notice."""

    kind: ComplaintKind = Field(description="What it is; private: it shows a person, an address or a number.")
    text: str = Field("", max_length=MOST_WORDS, description="In one's own words; may be left out.")


class NewPetition(Body):
    """What a person asks of those who run the server."""

    kind: PetitionKind = Field(PetitionKind.ERASURE, description="erasure, appeal (against a block), question")
    text: str = Field(max_length=MOST_WORDS, description="What is asked, in one's own words.")
    contact: str = Field("", max_length=200, description="E-mail or telephone for the answer; may be left out.")
    about: str = Field("", max_length=200, description="The page or report that it is about; may be left out.")


class PetitionAnswer(Body):
    """An operator's answer."""

    answer: str = Field(max_length=MOST_WORDS, description="Whoever asked reads it on the page of the request.")
