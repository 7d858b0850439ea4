import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, Problem } from "../api";
import { useWords } from "../ui/context";
import { dropToken } from "../ui/token";
import { Trouble } from "../ui/Trouble";

/** Behind the link of the letter that asks whether the address is one's own. */
export function ConfirmPage({ token }: { token: string | null }) {
  const words = useWords();
  const link = useSignal("");
  const problem = useSignal<Problem | null>(null);
  const confirm = () => {
    if (token === null) return; // the page was loaded again: the token had left the address
    problem.value = null;
    ask<{ link: string }>("/email/confirm", { token }, words.language).then(
      (answer) => {
        dropToken();
        link.value = answer.link;
      },
      (error: Problem) => {
        if (error.status !== 0) dropToken();
        problem.value = error;
      },
    );
  };
  useEffect(confirm, [token]);
  if (problem.value) return <Trouble problem={problem.value} again={confirm} />;
  if (token === null) {
    return (
      <section class="front">
        <h1>{words.t("email.once")}</h1>
        <p>{words.t("email.once_text")}</p>
        <a class="button" href="/">
          {words.t("problem.home")}
        </a>
      </section>
    );
  }
  if (!link.value) return <div class="card skeleton" aria-busy="true" />;
  const { pathname, hash } = new URL(link.value);
  return (
    <section class="front">
      <h1>{words.t("email.confirmed")}</h1>
      <a class="button main" href={pathname + hash}>
        {words.t("report.open")}
      </a>
    </section>
  );
}

/** Behind the link under each letter. */
export function StopPage() {
  const words = useWords();
  const isStopped = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const stop = () => {
    problem.value = null;
    ask(`/email/stop${location.search}`, {}, words.language).then(
      () => (isStopped.value = true),
      (error: Problem) => (problem.value = error),
    );
  };
  if (problem.value) return <Trouble problem={problem.value} again={stop} />;
  return (
    <section class="front">
      <h1>{words.t(isStopped.value ? "email.stopped" : "email.stop")}</h1>
      {!isStopped.value && (
        <button class="main" onClick={stop}>
          {words.t("email.stop_button")}
        </button>
      )}
    </section>
  );
}
