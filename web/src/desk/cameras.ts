// What a camera's heartbeats mean for a person.
import type { Camera } from "./api";

export type CameraState = "live" | "silent" | "paused" | "failed" | "new";

const SILENT_AFTER_MS = 5 * 60_000;

export function stateOf(camera: Camera): CameraState {
  if (camera.paused) return "paused";
  if (!camera.last_heartbeat_at) return "new";
  if (isSilent(camera)) return "silent";
  return ["failed", "stalled", "ended"].includes(camera.state) ? "failed" : "live";
}

/** Nothing was heard of it for longer than a heartbeat takes. */
export function isSilent(camera: Camera): boolean {
  return !camera.last_heartbeat_at || Date.now() - new Date(camera.last_heartbeat_at).getTime() > SILENT_AFTER_MS;
}
