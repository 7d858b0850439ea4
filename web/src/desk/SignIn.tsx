import { useSignal } from "@preact/signals";
import type { Problem } from "../api";
import { told } from "./parts";
import { useDeskWords } from "./words";

interface Asked {
  problem: Problem | null;
  /** Whether the person was signed in a moment ago. */
  wasIn: boolean;
  /** Whether a link brought a key along. */
  isGiven: boolean;
  enter: (key: string) => Promise<void>;
}

/** Asks for a key. It goes to the server once and is kept nowhere here. */
export function SignIn({ problem, wasIn, isGiven, enter }: Asked) {
  const words = useDeskWords();
  const isTried = useSignal(isGiven);
  const isBusy = useSignal(false);
  const send = async (form: HTMLFormElement) => {
    const key = String(new FormData(form).get("key")).trim();
    isBusy.value = true;
    await enter(key);
    isTried.value = true;
    isBusy.value = false;
  };
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <h1>{words.t("sign.title")}</h1>
      <p>{words.t("sign.text")}</p>
      {wasIn && !isTried.value && <p class="notice">{words.t("sign.over")}</p>}
      {isTried.value && problem && (
        <p class="notice" role="alert">
          {problem.status === 401 || problem.status === 403 ? words.t("sign.wrong") : told(problem, words.t("failed"))}
        </p>
      )}
      <label class="field">
        {words.t("sign.key")}
        <input type="password" name="key" required maxLength={200} autoComplete="off" spellcheck={false} />
      </label>
      <button class="main" disabled={isBusy.value}>
        {words.t("sign.in")}
      </button>
    </form>
  );
}
