// Small parts that the desk's screens share: who is here, loading, one question before an act, a secret shown once.
import { type Signal, useSignal } from "@preact/signals";
import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect } from "preact/hooks";
import { Problem } from "../api";
import type { Desk, Me } from "./api";
import { useDeskWords } from "./words";

interface Seat {
  desk: Desk;
  me: Me;
  /** Ask anew how much waits. */
  recount: () => void;
}

export const SeatContext = createContext<Seat | null>(null);

export function useSeat(): Seat {
  return useContext(SeatContext)!;
}

export interface Loaded<T> {
  data: Signal<T | null>;
  problem: Signal<Problem | null>;
  again: () => Promise<void>;
}

/** What `load` gives; loaded anew whenever `deps` change. */
export function useLoaded<T>(load: () => Promise<T>, deps: unknown[] = []): Loaded<T> {
  const data = useSignal<T | null>(null);
  const problem = useSignal<Problem | null>(null);
  const again = async () => {
    try {
      data.value = await load();
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  useEffect(() => {
    data.value = null;
    void again();
  }, deps);
  return { data, problem, again };
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(500, "internal", "");
}

/** The shape of what loads, what went wrong, or what is there. */
export function Shown<T>({ loaded, children }: { loaded: Loaded<T>; children: (data: T) => ComponentChildren }) {
  const words = useDeskWords();
  const { data, problem, again } = loaded;
  if (data.value !== null) return <>{children(data.value)}</>;
  if (!problem.value) {
    return (
      <div class="desk-list" aria-busy="true">
        {[1, 2, 3].map((each) => (
          <div key={each} class="skeleton desk-row" />
        ))}
      </div>
    );
  }
  return (
    <div class="notice" role="alert">
      <p>{told(problem.value, words.t("failed"))}</p>
      <button onClick={() => void again()}>{words.t("again")}</button>
    </div>
  );
}

/** What the server says, else `otherwise`. */
export function told(problem: Problem, otherwise: string): string {
  return [problem.message, problem.hint].filter(Boolean).join(" ") || otherwise;
}

export function Trouble({ of }: { of: Signal<Problem | null> }) {
  const words = useDeskWords();
  if (!of.value) return null;
  return (
    <p class="notice" role="alert">
      {told(of.value, words.t("failed"))}
    </p>
  );
}

/** A button that asks once before it acts. */
export function Sure({ label, question, act }: { label: string; question: string; act: () => Promise<unknown> }) {
  const words = useDeskWords();
  const isAsked = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  if (!isAsked.value) return <button onClick={() => (isAsked.value = true)}>{label}</button>;
  const go = async () => {
    try {
      await act();
      isAsked.value = false;
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  return (
    <div class="notice sure" role="alertdialog" aria-label={question}>
      <p>{question}</p>
      <Trouble of={problem} />
      <button class="main" ref={(button) => button?.focus()} onClick={() => void go()}>
        {label}
      </button>
      <button onClick={() => (isAsked.value = false)}>{words.t("cancel")}</button>
    </div>
  );
}

/** A key or a link, to be copied now or never. */
export function Secret({ title, secret, children }: { title: string; secret: string; children?: ComponentChildren }) {
  const words = useDeskWords();
  const isCopied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    isCopied.value = true;
  };
  return (
    <div class="notice secret" role="status">
      <p>{title}</p>
      <code class="link">{secret}</code>
      {children}
      {"clipboard" in navigator && (
        <button class="main" onClick={() => void copy()}>
          {words.t(isCopied.value ? "copied" : "copy")}
        </button>
      )}
    </div>
  );
}
