import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import type { Items, Petition } from "./api";
import { asProblem, Shown, Trouble, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

const REPORT_ID = /\b[0-9a-z]{20}\b/;

/** What people ask for, the most urgent first, each with an answer or a day by which it is due. */
export function PetitionDesk() {
  const words = useDeskWords();
  const { desk, recount } = useSeat();
  const loaded = useLoaded(() => desk.get<Items<Petition>>("/desk/petitions"));
  const answered = async () => {
    await loaded.again();
    recount();
  };
  return (
    <>
      <h1>{words.t("petitions.title")}</h1>
      <p class="soft desk-lead">{words.t("petitions.text")}</p>
      <Shown loaded={loaded}>
        {({ items }) => {
          const waiting = items.filter((each) => each.answered_at === null);
          return (
            <>
              {waiting.length === 0 && <p class="empty">{words.t("petitions.none")}</p>}
              <ul class="desk-list">
                {waiting.map((each) => (
                  <PetitionRow key={each.id} petition={each} answered={answered} />
                ))}
              </ul>
              <Answered items={items.filter((each) => each.answered_at !== null)} />
            </>
          );
        }}
      </Shown>
    </>
  );
}

function PetitionRow({ petition, answered }: { petition: Petition; answered: () => Promise<void> }) {
  const words = useDeskWords();
  const { desk } = useSeat();
  const problem = useSignal<Problem | null>(null);
  const said = useSignal<string | null>(null);
  const isLate = new Date(petition.due_at).getTime() < Date.now();
  const report = REPORT_ID.exec(petition.about)?.[0];
  const send = async (form: HTMLFormElement) => {
    try {
      const answer = String(new FormData(form).get("answer"));
      const { sent } = await desk.post<{ sent: boolean }>(`/desk/petitions/${petition.id}/answer`, { answer });
      said.value = words.t(sent ? "petitions.sent" : "petitions.stands");
      await answered();
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  return (
    <li class="desk-row plain-row">
      <div class="row-text">
        <h2>{words.t(`petitions.${petition.kind}`)}</h2>
        <p class={isLate ? "late" : "soft"} title={words.words.exact(petition.due_at)}>
          {isLate
            ? words.t("petitions.overdue", { day: words.words.day(petition.due_at) })
            : words.t("petitions.due", { when: words.soon(petition.due_at) })}
        </p>
        <p class="said-words">{petition.text}</p>
        <dl class="facts">
          {petition.about && (
            <div>
              <dt>{words.t("petitions.about")}</dt>
              <dd>
                {petition.about} {report && <a href={`#reports/${report}`}>{words.t("petitions.open")}</a>}
              </dd>
            </div>
          )}
          {petition.contact && (
            <div>
              <dt>{words.t("petitions.contact")}</dt>
              <dd>{petition.contact}</dd>
            </div>
          )}
        </dl>
        {said.value ? (
          <p role="status">{said.value}</p>
        ) : (
          <form
            class="decision"
            onSubmit={(event) => {
              event.preventDefault();
              void send(event.currentTarget);
            }}
          >
            <label class="field">
              {words.t("petitions.answer")}
              <textarea name="answer" rows={3} required minLength={3} maxLength={2000} />
            </label>
            <Trouble of={problem} />
            <div class="actions">
              <button class="main">{words.t("petitions.send")}</button>
            </div>
          </form>
        )}
      </div>
    </li>
  );
}

function Answered({ items }: { items: Petition[] }) {
  const words = useDeskWords();
  if (items.length === 0) return null;
  return (
    <details class="more">
      <summary>
        {words.t("petitions.answered")} ({items.length})
      </summary>
      <ul class="lines">
        {items.map((each) => (
          <li key={each.id}>
            <b>{words.t(`petitions.${each.kind}`)}</b> <span class="soft">{words.words.day(each.answered_at!)}</span>
            <p class="said-words">{each.text}</p>
            <p class="said-words soft">{each.answer}</p>
          </li>
        ))}
      </ul>
    </details>
  );
}
