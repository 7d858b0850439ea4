import { useEffect, useState } from "preact/hooks";

/** Whether a media query holds, now and later. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const changed = () => setHolds(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return holds;
}

const DARK = "(prefers-color-scheme: dark)";

/** Whether the page is dark: as a messenger that shows it says, else as the screen is. */
export function isDark(): boolean {
  const { scheme } = document.documentElement.dataset;
  return scheme ? scheme === "dark" : matchMedia(DARK).matches;
}

/** The same, now and later. */
export function useDark(): boolean {
  const [dark, setDark] = useState(isDark);
  useEffect(() => {
    const changed = () => setDark(isDark());
    const media = matchMedia(DARK);
    const told = new MutationObserver(changed);
    media.addEventListener("change", changed);
    told.observe(document.documentElement, { attributeFilter: ["data-scheme"] });
    return () => {
      media.removeEventListener("change", changed);
      told.disconnect();
    };
  }, []);
  return dark;
}
