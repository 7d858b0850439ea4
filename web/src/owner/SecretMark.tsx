import { useSignal } from "@preact/signals";
import type { Problem, Report } from "../api";
import { useWords } from "../ui/context";
import { NotDone } from "../ui/Deed";
import type { Case } from "./case";

/** The mark that the owner keeps back; nobody else is shown it. */
export function SecretMark({ owned, report }: { owned: Case; report: Report }) {
  const words = useWords();
  const isSaved = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  return (
    <form
      class="address"
      onSubmit={(event) => {
        event.preventDefault();
        const mark = String(new FormData(event.currentTarget).get("secret_mark")).trim();
        isSaved.value = false;
        void owned.change({ secret_mark: mark || null }).then((met) => {
          problem.value = met;
          isSaved.value = !met;
        });
      }}
    >
      <label class="field">
        {words.t("secret.label")}
        <input name="secret_mark" maxLength={300} autoComplete="off" defaultValue={report.secret_mark ?? ""} />
        <small class="soft">{words.t("secret.hint")}</small>
      </label>
      <button>{words.t("secret.save")}</button>
      <span role="status">{isSaved.value && words.t("secret.saved")}</span>
      <NotDone problem={problem.value} />
    </form>
  );
}
