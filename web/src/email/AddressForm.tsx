import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem, sendsLetters } from "../api";
import { useWords } from "../ui/context";
import { saidOf } from "../ui/Notice";

interface Asked {
  title: string;
  text: string;
  button: string;
  done: (email: string) => string;
  send: (email: string) => Promise<unknown>;
}

/** Asks for an address; nothing where the server sends no letters. */
export function AddressForm({ title, text, button, done, send }: Asked) {
  const words = useWords();
  const isThere = useSignal(false);
  const said = useSignal("");
  const trouble = useSignal("");
  const isBusy = useSignal(false); // a second tap sends no second letter
  useEffect(() => void sendsLetters().then((does) => (isThere.value = does)), []);
  if (!isThere.value) return null;
  return (
    <form
      class="address"
      onSubmit={(event) => {
        event.preventDefault();
        const email = String(new FormData(event.currentTarget).get("email")).trim();
        if (isBusy.value) return;
        isBusy.value = true;
        trouble.value = "";
        const sent = send(email).then(
          () => (said.value = done(email)),
          (error: unknown) => {
            trouble.value = error instanceof Problem ? saidOf(words, error) : words.t("problem.server");
          },
        );
        void sent.finally(() => (isBusy.value = false));
      }}
    >
      <h2>{title}</h2>
      {said.value ? (
        <p role="status">{said.value}</p>
      ) : (
        <>
          <p class="soft">{text}</p>
          <label class="field">
            {words.t("email.address")}
            <input type="email" name="email" required maxLength={200} autoComplete="email" />
          </label>
          <button disabled={isBusy.value}>{button}</button>
        </>
      )}
      {trouble.value && (
        <p class="notice" role="alert">
          {trouble.value}
        </p>
      )}
    </form>
  );
}
