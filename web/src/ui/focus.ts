import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/**
 * Focus stays in `box` when what held it there moves, or gives way to something else: then `heir` gets it.
 * Else who uses no pointer begins again at the top of the page.
 */
export function useKeptFocus(box: RefObject<HTMLElement | null>, heir: string): void {
  const held = document.activeElement; // read while what is replaced still stands
  const wasInside = box.current?.contains(held) ?? false;
  useLayoutEffect(() => {
    if (!wasInside || box.current?.contains(document.activeElement)) return;
    if (held instanceof HTMLElement && held.isConnected) held.focus({ preventScroll: true });
    else box.current?.querySelector<HTMLElement>(heir)?.focus();
  });
}
