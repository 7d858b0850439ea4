import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Problem } from "../api";
import { useWords } from "./context";
import { Deed } from "./Deed";

interface Asked {
  text: string;
  /** What kept it from being done, if anything did. */
  onYes: () => Promise<Problem | null>;
  onNo: () => void;
  /** What it is about, above the words. */
  children?: ComponentChildren;
}

/** The question before what is not done by a slip; whoever asked from deep in the menu is led to it. */
export function Sure({ text, onYes, onNo, children }: Asked) {
  const words = useWords();
  const isBusy = useSignal(false); // what is on its way cannot be called back
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.scrollIntoView({ block: "center" });
    box.current?.focus({ preventScroll: true });
  }, []);
  const go = async () => {
    isBusy.value = true;
    const problem = await onYes();
    isBusy.value = false;
    return problem;
  };
  return (
    <div ref={box} class="notice" role="alertdialog" aria-label={text} tabIndex={-1}>
      {children}
      <p>{text}</p>
      <Deed look="main" text={words.t("owner.yes")} act={go} />
      <button disabled={isBusy.value} onClick={onNo}>
        {words.t("owner.no")}
      </button>
    </div>
  );
}
