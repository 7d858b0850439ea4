import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Problem, Report } from "../api";
import { MomentInput } from "../report/MomentInput";
import { localTime } from "../report/when";
import { useWords } from "../ui/context";
import { NotDone } from "../ui/Deed";
import type { Case } from "./case";

/** What was written in a hurry is put right: the name, the markings, the time. */
export function EditReport({ owned, report, onDone }: { owned: Case; report: Report; onDone: () => void }) {
  const words = useWords();
  const problem = useSignal<Problem | null>(null);
  const isBusy = useSignal(false);
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: "center" });
    box.current?.querySelector("input")?.focus({ preventScroll: true });
  }, []);
  const before = useRef(localTime(new Date(report.happened_at))).current;
  const save = async (form: HTMLFormElement) => {
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const when = text("happened_at");
    isBusy.value = true;
    problem.value = await owned.change({
      name: text("name") || null,
      description: text("description") || null,
      ...(when && when !== before && { happened_at: new Date(when).toISOString() }),
    });
    isBusy.value = false;
    if (!problem.value) onDone();
  };
  return (
    <form
      ref={box}
      class="home"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy.value) void save(event.currentTarget);
      }}
    >
      <label class="field">
        {words.t("report.name")}
        <input name="name" defaultValue={report.name ?? ""} maxLength={100} autoComplete="off" />
      </label>
      <label class="field">
        {words.t("report.about_lost")}
        <textarea name="description" rows={3} maxLength={4000} defaultValue={report.description ?? ""} />
      </label>
      <MomentInput label={words.t("report.when")} name="happened_at" given={before} />
      <button class="main" aria-busy={isBusy.value}>
        {words.t("secret.save")}
      </button>
      <button type="button" onClick={onDone}>
        {words.t("owner.cancel")}
      </button>
      <NotDone problem={problem.value} />
    </form>
  );
}
