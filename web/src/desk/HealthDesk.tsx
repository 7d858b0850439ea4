import type { Health } from "./api";
import { Shown, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

const FIGURES = [
  "lost_open", "found_open", "lost_reunited", "lost_today", "found_today", "sightings", "sightings_today", "accounts",
  "handovers_open", "delivered_today",
] as const; // prettier-ignore

/** Whether everything works, what waits and since when, how full the disk is. */
export function HealthDesk() {
  const words = useDeskWords();
  const { desk } = useSeat();
  const loaded = useLoaded(() => desk.get<Health>("/desk/health"));
  return (
    <>
      <header class="desk-head">
        <h1>{words.t("health.title")}</h1>
        <button onClick={() => void loaded.again()}>{words.t("refresh")}</button>
      </header>
      <Shown loaded={loaded}>
        {(health) => (
          <div class="health">
            <Ready health={health} />
            <Queues of={health.queues} />
            {health.disk && <Disk of={health.disk} />}
            <Spools of={health.spools} />
            <section>
              <h2>{words.t("health.figures")}</h2>
              <dl class="figures">
                {FIGURES.map((name) => (
                  <div key={name}>
                    <dt>{words.t(`figure.${name}`)}</dt>
                    <dd>{words.words.number(health.figures[name] ?? 0)}</dd>
                  </div>
                ))}
              </dl>
            </section>
          </div>
        )}
      </Shown>
    </>
  );
}

function Ready({ health }: { health: Health }) {
  const words = useDeskWords();
  const broken = Object.entries(health.ready).filter(([, works]) => !works).map(([part]) => words.named("health", part));
  return (
    <section>
      <p class={broken.length ? "notice" : "lead"} role="status">
        {broken.length ? words.t("health.not_ready", { parts: broken.join(", ") }) : words.t("health.ready")}
      </p>
      <p class="soft">
        {words.t(health.sends_letters ? "health.letters" : "health.no_letters")} {words.t("health.version", { version: health.version })}
      </p>
    </section>
  );
}

const COLUMNS = ["queue", "waiting", "failing", "oldest", "error"] as const;

function Queues({ of }: { of: Health["queues"] }) {
  const words = useDeskWords();
  const [, waiting, failing, oldest, error] = COLUMNS.map((column) => words.t(`health.${column}`));
  return (
    <section>
      <h2>{words.t("health.queues")}</h2>
      {of.length === 0 ? (
        <p>{words.t("health.nothing")}</p>
      ) : (
        <div class="wide" tabIndex={0} role="region" aria-label={words.t("health.queues")}>
          <table class="desk-table">
            <thead>
              <tr>
                {COLUMNS.map((column) => (
                  <th key={column} scope="col">
                    {words.t(`health.${column}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {of.map((queue) => (
                <tr key={queue.name}>
                  <th scope="row">{words.named("queue", queue.name)}</th>
                  <td data-column={waiting}>{words.words.number(queue.waiting)}</td>
                  <td data-column={failing} class={queue.failing ? "late" : ""}>{words.words.number(queue.failing)}</td>
                  <td data-column={oldest}>{queue.oldest_at && words.words.ago(queue.oldest_at)}</td>
                  <td data-column={error}>{queue.error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Disk({ of }: { of: NonNullable<Health["disk"]> }) {
  const words = useDeskWords();
  const values = { free: of.free_bytes, total: of.total_bytes, database: of.database_bytes };
  const named = Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, words.bytes(bytes)]));
  return (
    <section>
      <h2>{words.t("health.disk")}</h2>
      <meter
        min={0}
        max={of.total_bytes}
        low={of.total_bytes * 0.8}
        high={of.total_bytes * 0.9}
        optimum={0}
        value={of.total_bytes - of.free_bytes}
        aria-label={words.t("health.disk")}
      />
      <p>{words.t("health.disk_free", named)}</p>
    </section>
  );
}

function Spools({ of }: { of: Health["spools"] }) {
  const words = useDeskWords();
  return (
    <section>
      <h2>{words.t("health.spools")}</h2>
      {of.length === 0 ? (
        <p>{words.t("health.spools_none")}</p>
      ) : (
        <dl class="facts">
          {of.map((spool) => (
            <div key={spool.id}>
              <dt>{spool.name}</dt>
              <dd>
                {spool.waiting === null ? words.t("health.spool_unknown") : words.t("health.spool", { n: words.words.number(spool.waiting) })}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
