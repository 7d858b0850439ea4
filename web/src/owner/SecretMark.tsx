import { useSignal } from "@preact/signals";
import type { Report } from "../api";
import { useWords } from "../ui/context";
import type { Case } from "./case";

/** The mark that the owner keeps back; nobody else is shown it. */
export function SecretMark({ owned, report }: { owned: Case; report: Report }) {
  const words = useWords();
  const isSaved = useSignal(false);
  return (
    <form
      class="address"
      onSubmit={(event) => {
        event.preventDefault();
        const mark = String(new FormData(event.currentTarget).get("secret_mark")).trim();
        isSaved.value = false;
        void owned.change({ secret_mark: mark || null }).then((isDone) => (isSaved.value = isDone));
      }}
    >
      <label class="field">
        {words.t("secret.label")}
        <input name="secret_mark" maxLength={300} autoComplete="off" defaultValue={report.secret_mark ?? ""} />
        <small class="soft">{words.t("secret.hint")}</small>
      </label>
      <button>{words.t("secret.save")}</button>
      <span role="status">{isSaved.value && words.t("secret.saved")}</span>
    </form>
  );
}
