import { useLayoutEffect } from "preact/hooks";
import { ERASED, type Problem } from "../api";
import { LostLink } from "../email/LostLink";
import { useWords } from "./context";
import { isReached } from "./reached";
import { useTitle } from "./title";

const ASK_EVERY_MS = 15_000;

/** A whole screen for what cannot be shown: what happened, and what to do. */
export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  const words = useWords();
  const kind = kindOf(problem);
  useTitle(words.t(`problem.${kind}`));
  useLayoutEffect(() => {
    if (kind !== "offline") return;
    const retry = again ?? (() => location.reload());
    // a phone that never left its network hears nothing of a server that is there again
    const asking = setInterval(() => void isReached().then((isThere) => isThere && retry()), ASK_EVERY_MS);
    addEventListener("online", retry);
    return () => {
      clearInterval(asking);
      removeEventListener("online", retry);
    };
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


function kindOf({ status, code }: Problem): "offline" | "expired" | "erased" | "link" | "other_address" | "missing" | "server" {
  if (status === 0) return "offline";
  if (code === ERASED.code) return "erased";
  if (code === "token_expired") return "expired";
  if (code === "other_address") return code;
  if (status === 401 || status === 403) return "link";
  return status === 404 ? "missing" : "server";
}
