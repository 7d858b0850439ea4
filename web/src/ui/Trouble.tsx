import { useEffect } from "preact/hooks";
import { Problem } from "../api";
import { LostLink } from "../email/LostLink";
import { useWords } from "./context";
import { useTitle } from "./title";

/** A whole screen for what cannot be shown: what happened, and what to do. */
export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  const words = useWords();
  const kind = kindOf(problem);
  useTitle(words.t(`problem.${kind}`));
  useEffect(() => {
    if (kind !== "offline") return;
    const retry = again ?? (() => location.reload());
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [kind, again]);
  return (
    <section class="trouble" role="alert">
      <h1>{words.t(`problem.${kind}`)}</h1>
      <p>{words.t(`problem.${kind}_text`)}</p>
      {(kind === "expired" || kind === "link") && <LostLink />}
      {again && (kind === "server" || kind === "offline") ? (
        <button class="main" onClick={again}>
          {words.t("problem.again")}
        </button>
      ) : (
        <a class="button" href="/">
          {words.t("problem.home")}
        </a>
      )}
    </section>
  );
}

/** What there is to say after somebody erased a report. */
export const ERASED = new Problem(410, "report_erased", "");

function kindOf({ status, code }: Problem): "offline" | "expired" | "erased" | "link" | "missing" | "server" {
  if (status === 0) return "offline";
  if (code === "report_erased") return "erased";
  if (code === "token_expired") return "expired";
  if (status === 401 || status === 403) return "link";
  return status === 404 ? "missing" : "server";
}
