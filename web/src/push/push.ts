// This browser's web push: asked for, kept up to date, ended. What comes in is shown by the service worker (sw/sw.ts).
import { type Server, pushKey } from "../api";
import { remember, remembered, unremember } from "../ui/storage";

export type PushState = "unknown" | "unsupported" | "install" | "denied" | "off" | "on";

const kept = (reportId: string) => `homeward.push.${reportId}`;

/** What this browser can do, and whether it is told of the report. */
export async function pushState(reportId: string): Promise<PushState> {
  if (!("serviceWorker" in navigator)) return "unsupported";
  if (!("PushManager" in window)) return isApplesPhone() ? "install" : "unsupported";
  if (Notification.permission === "denied") return "denied";
  const subscription = await (await worker()).pushManager.getSubscription();
  return subscription && remembered(kept(reportId)) ? "on" : "off";
}

/** Ask the person, subscribe, and tell the server; false where the person says no. */
export async function startPush(server: Server, reportId: string): Promise<boolean> {
  if ((await Notification.requestPermission()) !== "granted") return false;
  const { pushManager } = await worker();
  const key = bytes(await pushKey());
  let subscription = await pushManager.getSubscription();
  if (subscription && !isSame(subscription.options.applicationServerKey, key)) {
    await subscription.unsubscribe(); // of a server that was set up anew
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await server.startPush(subscription.toJSON());
  remember(kept(reportId), "1");
  return true;
}

/** Browsers change their address now and then: tell it anew whenever the page opens. */
export async function refreshPush(server: Server, reportId: string): Promise<void> {
  if ((await pushState(reportId)) === "on") await startPush(server, reportId);
}

export async function stopPush(server: Server, reportId: string): Promise<void> {
  unremember(kept(reportId));
  const subscription = await (await worker()).pushManager.getSubscription();
  if (subscription) await server.stopPush(subscription.endpoint);
}

function worker(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.ready;
}

/** On iPhones a page takes news only once it stands on the home screen. */
function isApplesPhone(): boolean {
  return /iPhone|iPad/.test(navigator.userAgent);
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

function isSame(known: ArrayBuffer | null, key: Uint8Array): boolean {
  const have = new Uint8Array(known ?? new ArrayBuffer(0));
  return have.length === key.length && have.every((byte, n) => byte === key[n]);
}
