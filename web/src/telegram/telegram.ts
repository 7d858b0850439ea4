// The page as a Mini App of Telegram: launch data, colours, the back button and links, by Telegram's own small protocol
// of events (core.telegram.org/api/web-events). No script of Telegram's is loaded, and outside of it nothing happens.

import { rememberedHere, rememberHere } from "../ui/storage";

/** Before the paths of screens while they are shown in Telegram. */
export const base = location.pathname.startsWith("/telegram/") ? "/telegram" : "";

const WEB_CLIENT = "https://web.telegram.org";
const COLOURS = "homeward.telegram.colours";
/** Our colours by Telegram's names. Its accents are too pale for words on its grounds (WCAG), so ours stay. */
const OURS: Record<string, string> = {
  bg_color: "--ground",
  secondary_bg_color: "--sunken",
  section_bg_color: "--surface",
  text_color: "--ink",
};

interface Native {
  TelegramWebviewProxy?: { postEvent: (type: string, data: string) => void };
  Telegram?: { WebView: { receiveEvent: (type: string, data: unknown) => void } };
  external?: { notify?: (event: string) => void };
}
const native = window as unknown as Native;
const backs: (() => void)[] = [];

/** Begin, where this is a Mini App; what Telegram signed for the person comes back, and goes from the address bar. */
export function launch(): string | null {
  if (!base) return null;
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname + location.search);
  colour(given.get("tgWebAppThemeParams") ?? rememberedHere(COLOURS));
  native.Telegram = { WebView: { receiveEvent: receive } };
  addEventListener("message", ({ origin, data }) => {
    if (origin !== WEB_CLIENT || typeof data !== "string") return;
    const { eventType, eventData } = JSON.parse(data) as { eventType: string; eventData: unknown };
    receive(eventType, eventData);
  });
  addEventListener("click", openOutside);
  post("iframe_ready");
  post("web_app_ready");
  post("web_app_expand");
  post("web_app_set_header_color", { color_key: "bg_color" });
  return given.get("tgWebAppData");
}

/** Show Telegram's back button while something can be gone back from; returns what takes it away. */
export function backButton(onBack: () => void): () => void {
  backs.push(onBack);
  showBack();
  return () => {
    backs.splice(backs.lastIndexOf(onBack), 1);
    showBack();
  };
}

function showBack(): void {
  post("web_app_setup_back_button", { is_visible: backs.length > 0 });
}

function receive(type: string, data: unknown): void {
  if (type === "back_button_pressed") backs[backs.length - 1]?.();
  if (type === "theme_changed") colour(JSON.stringify((data as { theme_params?: unknown }).theme_params ?? {}));
}

/** To the app on phones and desktops, to the frame's holder on the web. */
function post(type: string, data: object = {}): void {
  if (!base) return;
  if (native.TelegramWebviewProxy) native.TelegramWebviewProxy.postEvent(type, JSON.stringify(data));
  else if (native.external?.notify) native.external.notify(JSON.stringify({ eventType: type, eventData: data }));
  else if (parent !== window) parent.postMessage(JSON.stringify({ eventType: type, eventData: data }), WEB_CLIENT);
}

function colour(json: string | null): void {
  if (!json) return;
  let colours: Record<string, unknown>;
  try {
    colours = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return;
  }
  rememberHere(COLOURS, json);
  const { style } = document.documentElement;
  for (const [theirs, ours] of Object.entries(OURS)) {
    const value = String(colours[theirs] ?? "");
    if (/^#[0-9a-f]{6}$/i.test(value)) style.setProperty(ours, value);
  }
  const ground = String(colours.bg_color ?? "");
  if (/^#[0-9a-f]{6}$/i.test(ground)) document.documentElement.dataset.scheme = isDark(ground) ? "dark" : "light";
}

/** Whether white letters are read better on it than black ones. */
function isDark(hex: string): boolean {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** Screens that are no part of the Mini App open in the person's browser. */
function openOutside(event: MouseEvent): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (!link || !/^https?:/.test(link.protocol) || link.pathname.startsWith("/telegram/")) return;
  event.preventDefault();
  post("web_app_open_link", { url: link.href });
}
