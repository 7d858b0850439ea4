// What lies over the list of matches: on a small screen the map, and over either the comparison. Each is an entry of the
// browser's history under the same address, so that Back leads out of it and Forward into it again.
import { computed, signal } from "@preact/signals";

type View = "list" | "map";

/** Of one entry. */
interface Shown {
  view: View;
  compared: string | null;
}

/** Screens that have list and map side by side. */
export const WIDE = "(min-width: 75rem)";

export class Over {
  /** What a small screen shows; a large one has both. */
  readonly view = signal<View>("list");
  /** The match that is compared up close. */
  readonly compared = signal<string | null>(null);
  readonly isOpen = computed(() => this.view.value === "map" || this.compared.value !== null);

  /** The browser is on its way back, of which it tells later. */
  private isLeaving = false;
  /** Something was opened meanwhile. */
  private isEntering = false;

  constructor(private readonly onMoved: () => void) {
    this.read();
  }

  /** Follow the browser's buttons; returns what ends it. */
  listen(): () => void {
    addEventListener("popstate", this.moved);
    return () => removeEventListener("popstate", this.moved);
  }

  show(view: View): void {
    if (view === this.view.value) return;
    if (view === "list") return this.leave({ view, compared: null });
    if (!matchMedia(WIDE).matches) this.enter({ view, compared: null });
  }

  /** From one match to the next it is the same entry. */
  compare(foundId: string): void {
    const next: Shown = { view: this.view.value, compared: foundId };
    if (this.compared.value === null) return this.enter(next);
    this.take(next);
    history.replaceState({ ...history.state, ...next }, "");
  }

  endComparison(): void {
    if (this.compared.value !== null) this.leave({ view: this.view.value, compared: null });
  }

  /** What lies uppermost; as the browser's Back does. */
  back(): void {
    if (this.compared.value !== null) this.endComparison();
    else this.show("list");
  }

  private enter(next: Shown): void {
    this.take(next);
    if (this.isLeaving) this.isEntering = true;
    else this.write();
  }

  private leave(next: Shown): void {
    this.take(next);
    this.isLeaving = true;
    history.back();
  }

  private moved = (): void => {
    this.isLeaving = false;
    if (this.isEntering) this.write();
    else this.read();
    this.isEntering = false;
    this.onMoved();
  };

  private read(): void {
    const { view = "list", compared = null } = (history.state ?? {}) as Partial<Shown>;
    this.take({ view, compared });
    if (!this.isOpen.value) history.scrollRestoration = "auto";
  }

  private write(): void {
    const { pathname, search, hash } = location;
    history.scrollRestoration = "manual"; // to the conversation, say, the reader is led from within what is closed
    history.replaceState(history.state, "", pathname + search); // a secret that is not used yet stays in one entry alone
    history.pushState({ ...history.state, view: this.view.value, compared: this.compared.value }, "", pathname + search + hash);
  }

  private take({ view, compared }: Shown): void {
    this.view.value = view;
    this.compared.value = compared;
  }
}
