import { useEffect } from "preact/hooks";

/** The title of the browser's tab, for as long as the screen is there. */
export function useTitle(text: string | null | undefined): void {
  useEffect(() => {
    if (!text) return;
    const before = document.title;
    document.title = `${text} - Homeward`;
    return () => void (document.title = before);
  }, [text]);
}
