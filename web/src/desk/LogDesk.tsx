import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import type { Deed, Items } from "./api";
import { asProblem, Shown, Trouble, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

/** Who did what, to what and why, newest first; of one person after a tap on the name. */
export function LogDesk() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const who = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const path = (cursor = "") => `/desk/log?limit=50${who.value ? `&who=${encodeURIComponent(who.value)}` : ""}${cursor}`;
  const loaded = useLoaded(() => desk.get<Items<Deed>>(path()), [who.value]);
  const more = async (next: string) => {
    try {
      const page = await desk.get<Items<Deed>>(path(`&cursor=${next}`));
      loaded.data.value = { items: [...loaded.data.value!.items, ...page.items], next: page.next };
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  return (
    <>
      <h1>{words.t("log.title")}</h1>
      {who.value && (
        <p class="actions">
          <button class="chip" aria-pressed="true">
            {who.value}
          </button>
          <button class="chip" onClick={() => (who.value = null)}>
            {words.t("log.all")}
          </button>
        </p>
      )}
      <Shown loaded={loaded}>
        {({ items, next }) => (
          <>
            {items.length === 0 && <p class="empty">{words.t("log.none")}</p>}
            <ol class="log">
              {items.map((deed) => (
                <li key={deed.id}>
                  <time dateTime={deed.at} title={words.words.exact(deed.at)}>
                    {words.words.ago(deed.at)}
                  </time>
                  <div>
                    <p>
                      <button class="plain" onClick={() => (who.value = deed.who)}>
                        {deed.who}
                      </button>{" "}
                      {words.named("act", deed.act)} <Subject of={deed.subject} />
                    </p>
                    {deed.why && <p class="said-words soft">{deed.why}</p>}
                  </div>
                </li>
              ))}
            </ol>
            <Trouble of={problem} />
            {next && <button onClick={() => void more(next)}>{words.t("more")}</button>}
          </>
        )}
      </Shown>
    </>
  );
}

function Subject({ of }: { of: string }) {
  const [kind, id] = of.split(":");
  return kind === "report" ? <a href={`#reports/${id}`}>{id}</a> : <code class="soft">{id}</code>;
}
