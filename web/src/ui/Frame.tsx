import type { ComponentChildren } from "preact";
import { chooseLanguage } from "../words";
import { useWords } from "./context";

/** What every screen stands in: the name, the other language. */
export function Frame({ children }: { children: ComponentChildren }) {
  const words = useWords();
  const other = words.language === "ru" ? "en" : "ru";
  return (
    <>
      <header class="top">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="28" height="28" /> {words.t("app.name")}
        </a>
        <button class="plain" lang={other} onClick={() => chooseLanguage(other)}>
          {other === "ru" ? "По-русски" : "English"}
        </button>
      </header>
      <main>{children}</main>
    </>
  );
}
