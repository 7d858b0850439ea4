import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { asProblem, type Server } from "../api";
import { useWords } from "../ui/context";
import { Deed } from "../ui/Deed";
import { LinkBox } from "../ui/LinkBox";

/** The way to this page from another device: the address bar here no longer holds the secret. It is kept nowhere. */
export function CaseLink({ server }: { server: Server }) {
  const words = useWords();
  const link = useSignal<string | null>(null);
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => box.current?.focus({ preventScroll: true }), [link.value]); // the button that held it is gone
  const ask = async () => {
    try {
      link.value = await server.link();
      return null;
    } catch (error) {
      return asProblem(error);
    }
  };
  if (!link.value) return <Deed look="plain" text={words.t("link.show")} act={ask} />;
  return (
    <section ref={box} class="case-link" tabIndex={-1} aria-label={words.t("link.show")}>
      <p>{words.t("link.warning")}</p>
      <LinkBox link={link.value} />
    </section>
  );
}
