/** Whether this document came from the server; the service worker marks what it had to keep for want of one. */
export function wasReached(): boolean {
  return navigator.onLine && !document.querySelector("meta[name=unreached]");
}

/** Whether the server can be reached now. */
export async function isReached(): Promise<boolean> {
  return fetch("/version", { cache: "no-store" }).then(
    () => true,
    () => false,
  );
}
