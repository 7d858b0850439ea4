// Keeps the page itself and its pictures for a time without a network. Data are kept by the page (owner/kept.ts).
export {};
declare const self: ServiceWorkerGlobalScope;

const PAGE = "page-1";
const PICTURES = "pictures-1";
const SHELL = "/";
const MOST_PICTURES = 120;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGE).then((cache) => cache.add(SHELL)));
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** A report is gone from this device: so are all pictures. */
self.addEventListener("message", ({ data }) => {
  if (data === "forget") void caches.delete(PICTURES);
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(shell(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(once(request));
  else if (url.pathname.startsWith("/api/v1/photos/")) event.respondWith(picture(request, url));
});

/** Every screen is the same document; without a network the last one of them does. */
async function shell(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(PAGE)).put(SHELL, answer.clone());
    return answer;
  } catch {
    return (await caches.match(SHELL)) ?? Response.error();
  }
}

/** What never changes under its name. */
async function once(request: Request): Promise<Response> {
  const known = await caches.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(PAGE)).put(request, answer.clone());
  return answer;
}

/** Under its name without the signature, which is another one each time. */
async function picture(request: Request, url: URL): Promise<Response> {
  const name = `${url.pathname}?size=${url.searchParams.get("size")}`;
  try {
    const answer = await fetch(request);
    if (answer.ok) await keep(name, answer.clone());
    return answer;
  } catch {
    return (await caches.match(name)) ?? Response.error();
  }
}

async function keep(name: string, answer: Response): Promise<void> {
  const cache = await caches.open(PICTURES);
  await cache.put(name, answer);
  const known = await cache.keys();
  await Promise.all(known.slice(0, Math.max(0, known.length - MOST_PICTURES)).map((old) => cache.delete(old)));
}
