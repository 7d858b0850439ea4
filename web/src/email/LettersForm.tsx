import type { Server } from "../api";
import { useWords } from "../ui/context";
import { AddressForm } from "./AddressForm";

/** News of one report by e-mail. */
export function LettersForm({ server }: { server: Pick<Server, "askForLetters"> }) {
  const words = useWords();
  return (
    <AddressForm
      title={words.t("email.title")}
      text={words.t("email.text")}
      button={words.t("email.ask")}
      done={(email) => words.t("email.sent", { email })}
      send={(email) => server.askForLetters(email)}
    />
  );
}
