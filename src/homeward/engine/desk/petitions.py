"""Petitions: what people without an account ask of those who run the server, each with a day by which it is due."""

from dataclasses import dataclass, replace
from datetime import timedelta

from homeward.domain.desk import Actor, Petition, PetitionKind
from homeward.domain.ids import new_token
from homeward.engine.desk.log import Log, checked
from homeward.engine.wiring import Ports, Rules
from homeward.errors import Conflict, InvalidInput, NotFound

LISTED = 500
MOST_CONTACT = 200


@dataclass(frozen=True, slots=True)
class PetitionBox:
    """Takes petitions in and answers them."""

    ports: Ports
    rules: Rules
    log: Log

    def file(self, kind: PetitionKind, text: str, contact: str, about: str, language: str) -> Petition:
        """Keep a petition; its id opens the answer.

        Raises:
            InvalidInput: words are missing or too long.
        """
        for field, value in (("contact", contact), ("about", about)):
            if len(value) > MOST_CONTACT:
                raise InvalidInput(f"At most {MOST_CONTACT} characters.", field=field)
        now = self.ports.clock.now()
        petition = Petition(
            id=new_token(26),
            kind=kind,
            text=checked(text, "text", least=3),
            contact=checked(contact, "contact"),
            about=checked(about, "about"),
            language=language,
            created_at=now,
            due_at=now + timedelta(days=self.rules.answer_days),
        )
        with self.ports.database.write() as work:
            work.petitions.save(petition)
        return petition

    def get(self, petition_id: str) -> Petition:
        """One of them.

        Raises:
            NotFound: there is none, or it was answered long ago.
        """
        with self.ports.database.read() as work:
            petition = work.petitions.get(petition_id)
        if petition is None:
            raise NotFound("There is no such request.", hint="Answered ones are erased after a while.")
        return petition

    def all(self) -> list[Petition]:
        """The most urgent first."""
        with self.ports.database.read() as work:
            return work.petitions.all(LISTED)

    def answer(self, actor: Actor, petition_id: str, answer: str) -> Petition:
        """Answer it; that is its end.

        Raises:
            NotFound: there is none.
            Conflict: it was answered before.
            InvalidInput: there is no answer in words.
        """
        words = checked(answer, "answer", least=3)
        with self.ports.database.write() as work:
            work.alone(f"petition:{petition_id}")
            petition = work.petitions.get(petition_id)
            if petition is None:
                raise NotFound("There is no such request.", field="petition_id")
            if petition.answered_at is not None:
                raise Conflict("It was answered before.", field="petition_id", hint="Load the list again.")
            answered = replace(petition, answer=words, answered_at=self.ports.clock.now())
            work.petitions.save(answered)
            self.log.add(work, actor, "petition.answer", f"petition:{petition_id}", words)
        return answered
