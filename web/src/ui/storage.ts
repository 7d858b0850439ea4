// What the page remembers on this device. A browser may refuse to keep anything: then nothing is remembered.

export function remember(key: string, value: string): void {
  attempt(() => localStorage.setItem(key, value));
}

export function remembered(key: string): string | null {
  return attempt(() => localStorage.getItem(key)) ?? null;
}

export function unremember(key: string): void {
  attempt(() => localStorage.removeItem(key));
}

/** All names that begin so. */
export function rememberedUnder(prefix: string): string[] {
  return attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix))) ?? [];
}

/** The same for this tab alone, until it is closed. */
export function rememberHere(key: string, value: string): void {
  attempt(() => sessionStorage.setItem(key, value));
}

export function rememberedHere(key: string): string | null {
  return attempt(() => sessionStorage.getItem(key)) ?? null;
}

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
