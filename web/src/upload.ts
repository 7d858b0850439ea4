// Sends photos: tells how far they are, and sends again what broke off.
import { BASE, Problem, problemOf } from "./api";

const PAUSES_MS = [1000, 4000];
const WORKED_ON_MS = 2000;
/** An upload of which nothing more goes out for so long has broken off, though nobody says so. */
const STALLED_MS = 90_000;

/** How the sending goes: the share that is on its way, or that the connection broke off and it is tried again. */
export type Going = number | "again";

/**
 * Where the connection breaks off, send again with the same key: after a time, or as soon as there is a network. What
 * the server has of an earlier try and still works on is asked for until it is done.
 */
export async function untilSent(path: string, form: FormData, headers: Headers, onGoing: (going: Going) => void): Promise<unknown> {
  const pauses = [...PAUSES_MS];
  for (;;) {
    try {
      return await post(path, form, headers, onGoing);
    } catch (error) {
      const pause = isWorkedOn(error) ? WORKED_ON_MS : error instanceof Problem && error.status === 0 ? pauses.shift() : undefined;
      if (pause === undefined) throw error;
      onGoing("again");
      await new Promise((done) => {
        addEventListener("online", done, { once: true });
        setTimeout(done, pause);
      });
    }
  }
}

function isWorkedOn(error: unknown): boolean {
  return error instanceof Problem && error.status === 409 && error.field === "Idempotency-Key";
}

/** With progress of the upload, which `fetch` cannot tell. */
export function post(path: string, form: FormData, headers: Headers, onProgress?: (share: number) => void): Promise<unknown> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    headers.forEach((value, name) => request.setRequestHeader(name, value));
    request.responseType = "json";
    const fail = () => failed(new Problem(0, "unreachable", ""));
    let stalled = setTimeout(() => request.abort(), STALLED_MS);
    request.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED_MS);
      onProgress?.(loaded / total);
    };
    request.onerror = request.onabort = fail;
    request.onloadend = () => clearTimeout(stalled);
    request.onload = () => {
      const body = request.response ?? {};
      if (request.status < 300) done(body);
      else failed(problemOf(request.status, body, headers.get("Accept-Language") ?? "en"));
    };
    request.send(form);
  });
}
