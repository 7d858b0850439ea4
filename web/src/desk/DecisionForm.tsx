import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import type { Decision, Moderated } from "./api";
import { asProblem, Trouble, useSeat } from "./parts";
import { useDeskWords } from "./words";

type Act = Decision | "block";
const DAYS = [7, 30, 365, 0] as const;
const NO_REASON: Act[] = ["keep", "show"];

/** What can be done with a report: one choice, its consequence in words, a reason, and only then the act. */
export function DecisionForm({ report, changed }: { report: Moderated; changed: () => Promise<void> }) {
  const words = useDeskWords();
  const { desk } = useSeat();
  const chosen = useSignal<Act | null>(null);
  const problem = useSignal<Problem | null>(null);
  const isBusy = useSignal(false);
  const act = chosen.value;
  if (!act) {
    return (
      <div class="actions">
        {possible(report).map((each) => (
          <button key={each} onClick={() => (chosen.value = each)}>
            {words.t(`decide.${each}`)}
          </button>
        ))}
      </div>
    );
  }
  const send = async (form: HTMLFormElement) => {
    const given = new FormData(form);
    const why = String(given.get("why") ?? "");
    const days = Number(given.get("days")) || null;
    isBusy.value = true;
    try {
      if (act === "block") await desk.post("/desk/blocks", { report_id: report.id, days, why });
      else await desk.post(`/desk/reports/${report.id}/decision`, { decision: act, why });
      chosen.value = problem.value = null;
      await changed();
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form
      class="decision notice"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <p>
        <b>{words.t(`decide.${act}`)}.</b> {words.t(`decide.hint.${act}`)}
      </p>
      <label class="field">
        {words.t("decide.why")}
        <textarea
          name="why"
          rows={2}
          maxLength={2000}
          required={!NO_REASON.includes(act)}
          minLength={NO_REASON.includes(act) ? 0 : 3}
          ref={(area) => area?.focus()}
        />
      </label>
      {act === "block" && (
        <label class="field">
          {words.t("decide.days")}
          <select name="days">
            {DAYS.map((days) => (
              <option key={days} value={days} selected={days === 30}>
                {words.t(`decide.days_${days}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Trouble of={problem} />
      <div class="actions">
        <button class="main" disabled={isBusy.value}>
          {words.t(`decide.${act}`)}
        </button>
        <button type="button" onClick={() => (chosen.value = null)}>
          {words.t("cancel")}
        </button>
      </div>
    </form>
  );
}

function possible(report: Moderated): Act[] {
  const acts: Act[] = report.complaints.length ? ["keep"] : [];
  if (report.status === "open") acts.push("hide", "close");
  if (report.status === "hidden") acts.push("show");
  acts.push("erase");
  return report.is_blocked ? acts : [...acts, "block"];
}
