import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import type { Items, Key } from "./api";
import { asProblem, Secret, Shown, Sure, Trouble, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

const ROLES = { volunteer: "volunteer", admin: "operator" } as const;
type Scope = keyof typeof ROLES;

/** Who may sit at the desk: named people, each with a key of their own that can be revoked. */
export function PeopleDesk() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const fresh = useSignal<{ name: string; link: string } | null>(null);
  const problem = useSignal<Problem | null>(null);
  const loaded = useLoaded(() => desk.get<Items<Key>>("/keys"));
  const add = async (form: HTMLFormElement) => {
    const given = new FormData(form);
    const name = String(given.get("name")).trim();
    try {
      const { link } = await desk.post<{ link: string }>("/keys", { name, scope: given.get("scope") });
      fresh.value = { name, link: location.origin + link.slice(link.indexOf("/desk#")) };
      problem.value = null;
      form.reset();
      await loaded.again();
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  return (
    <>
      <h1>{words.t("people.title")}</h1>
      <p class="soft desk-lead">{words.t("people.text")}</p>
      <form
        class="people-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add(event.currentTarget);
        }}
      >
        <label class="field">
          {words.t("people.name")}
          <input name="name" required maxLength={100} autoComplete="off" />
        </label>
        <label class="field">
          {words.t("people.role")}
          <select name="scope">
            {(Object.keys(ROLES) as Scope[]).map((scope) => (
              <option key={scope} value={scope}>
                {words.t(`role.${ROLES[scope]}`)}
              </option>
            ))}
          </select>
        </label>
        <button class="main">{words.t("people.add")}</button>
      </form>
      <Trouble of={problem} />
      {fresh.value && <Secret title={words.t("people.link", { name: fresh.value.name })} secret={fresh.value.link} />}
      <Shown loaded={loaded}>{({ items }) => <People keys={items} changed={loaded.again} />}</Shown>
    </>
  );
}

function People({ keys, changed }: { keys: Key[]; changed: () => Promise<void> }) {
  const words = useDeskWords();
  const { desk } = useSeat();
  const people = keys.filter((key) => key.scope in ROLES && key.revoked_at === null);
  if (people.length === 0) return <p class="empty">{words.t("people.none")}</p>;
  return (
    <ul class="desk-list">
      {people.map((key) => (
        <li key={key.id} class="desk-row plain-row">
          <div class="row-text">
            <h2>{key.name}</h2>
            <p class="soft">
              {words.t(`role.${ROLES[key.scope as Scope]}`)} · {words.t("people.since", { day: words.words.day(key.created_at) })}
            </p>
          </div>
          <Sure
            label={words.t("people.revoke")}
            question={words.t("people.revoke_sure", { name: key.name })}
            act={() => desk.remove(`/keys/${key.id}`).then(changed)}
          />
        </li>
      ))}
    </ul>
  );
}
