// Keeps the page itself and its pictures for a time without a network, and shows what web push brings.
// Data are kept by the page (owner/kept.ts).
export {};
declare const self: ServiceWorkerGlobalScope;

const PAGE = "page-1";
const PICTURES = "pictures-1";
const SHELL = "/";
const ICON = "/icon.svg";
const MOST_PICTURES = 120;
const [UNCHANGED, GONE] = [304, 404];
const UNREACHED = "unreached"; // as in ui/reached.ts

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll([SHELL, ICON])));
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** A report is gone from this device: so are all pictures; or the server was heard, and those that nothing names any more are. */
self.addEventListener("message", (event) => {
  const data = event.data as "forget" | { named: string[] };
  event.waitUntil(data === "forget" ? caches.delete(PICTURES) : keepOnly(data.named));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(shell(request));
  else if (url.pathname === "/api/v1/map" || url.pathname === ICON) event.respondWith(latest(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(once(request));
  else if (url.pathname.startsWith("/api/v1/photos/")) event.respondWith(picture(request, url));
});

type Pushed = Record<"title" | "tag" | "path" | "language", string> & { body?: string };

/** News, as the server encrypted it for this browser; the page knows the rest. */
self.addEventListener("push", (event) => {
  const { title, tag, path, language, ...more } = event.data?.json() as Pushed;
  const how = { ...more, tag, lang: language, icon: "/icon.svg", data: path, renotify: true };
  event.waitUntil(self.registration.showNotification(title, how));
});

/** A tap opens the page of the report, in the window where it is open already. */
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(String(event.notification.data)));
});

async function open(path: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: "window" });
  const known = windows.find((each) => new URL(each.url).pathname === path);
  if (known) await known.focus();
  else await self.clients.openWindow(path);
}

/** Every screen of the page is the same document; without a network the last one of them does. */
async function shell(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok && isScreen(new URL(request.url).pathname)) await (await caches.open(PAGE)).put(SHELL, answer.clone());
    return answer;
  } catch {
    return unreached();
  }
}

/** The page as it was last, with a mark that tells it so: a phone in a network may reach no server all the same. */
async function unreached(): Promise<Response> {
  const kept = await caches.match(SHELL);
  if (!kept) return Response.error();
  const html = (await kept.text()).replace("</head>", `<meta name="${UNREACHED}" content="1"></head>`);
  const headers = new Headers(kept.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name); // of what came over the line
  return new Response(html, { headers });
}

/** Whether the page draws it; others, like the board, come whole from the server. */
function isScreen(path: string): boolean {
  return path === SHELL || /^(\/telegram)?\/(lost|found)\/\w+(\/poster)?$/.test(path) || path === "/desk" || path === "/email";
}

/** As it is now; without a network as it was. */
async function latest(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(PAGE)).put(request, answer.clone());
    return answer;
  } catch {
    return (await caches.match(request)) ?? Response.error();
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

/** Under its name without the signature, which changes with the hour. */
async function picture(request: Request, url: URL): Promise<Response> {
  const name = `${url.pathname}?size=${url.searchParams.get("size")}`;
  try {
    const answer = await renewed(request, await caches.match(name));
    if (answer.status === GONE) await (await caches.open(PICTURES)).delete(name);
    else if (answer.ok) await keep(name, answer.clone());
    return answer;
  } catch {
    return (await caches.match(name)) ?? Response.error();
  }
}

/** The browser's own cache knows no picture by the address of another hour: what is kept of it is asked about instead. */
async function renewed(request: Request, kept: Response | undefined): Promise<Response> {
  const tag = kept?.headers.get("ETag");
  if (!kept || !tag || kept.url === request.url) return fetch(request);
  const answer = await fetch(request.url, { headers: { "If-None-Match": tag } });
  return answer.status === UNCHANGED ? kept : answer;
}

async function keep(name: string, answer: Response): Promise<void> {
  const cache = await caches.open(PICTURES);
  await cache.put(name, answer);
  const known = await cache.keys();
  await Promise.all(known.slice(0, Math.max(0, known.length - MOST_PICTURES)).map((old) => cache.delete(old)));
}

/** Every size of these photos, and no other picture. */
async function keepOnly(photoIds: string[]): Promise<void> {
  const cache = await caches.open(PICTURES);
  const named = new Set(photoIds.map((id) => `/api/v1/photos/${id}`));
  const others = (await cache.keys()).filter(({ url }) => !named.has(new URL(url).pathname));
  await Promise.all(others.map((picture) => cache.delete(picture)));
}
