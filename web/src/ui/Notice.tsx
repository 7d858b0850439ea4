import type { Problem } from "../api";
import type { Words } from "../words";
import { useWords } from "./context";

/** What went wrong, and what to do, in one line. */
export function saidOf(words: Words, problem: Problem): string {
  if (problem.status === 0) return words.t("problem.offline_now");
  return [problem.message || words.t("problem.server"), problem.hint].filter(Boolean).join(" ");
}

/** What went wrong beside what is shown all the same; `knownAt` is when that was known. */
export function Notice({ problem, knownAt = null }: { problem: Problem; knownAt?: number | null }) {
  const words = useWords();
  return (
    <p class="notice" role="status">
      {problem.status === 0
        ? words.t(knownAt ? "problem.offline_shown" : "problem.offline_text", { when: words.ago(knownAt ?? 0) })
        : problem.message || words.t("problem.server")}
    </p>
  );
}
