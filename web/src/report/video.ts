// A video's sharpest moments as photos, found by the browser: the video itself is never sent.

const PARTS = 4;
const LOOKS_PER_PART = 4;
const LONGEST_S = 60;
const SHORTEST_PART_S = 0.5;
/** Beyond the end of any: browsers that do not know yet how long one is then do. */
const FAR_S = 1e7;
const PATIENCE_MS = 15_000;
const SMALL_SIDE = 320;

export class Unplayable extends Error {}

type Shoot = (video: HTMLVideoElement) => Promise<Blob>;

/** Up to ``most`` moments, the sharpest of as many equal parts of the first minute. */
export async function framesOf(file: Blob, most: number, shoot: Shoot): Promise<Blob[]> {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const url = URL.createObjectURL(file);
  try {
    const isKnown = happened(video, "loadedmetadata");
    video.src = url;
    await isKnown;
    if (!video.videoWidth) throw new Unplayable();
    const frames: Blob[] = [];
    for (const part of await parts(video, Math.min(PARTS, most))) {
      await seek(video, await sharpest(video, part));
      frames.push(await shoot(video));
    }
    return frames;
  } finally {
    video.removeAttribute("src");
    video.load(); // lets go of the file
    URL.revokeObjectURL(url);
  }
}

/** The moments to look at, in seconds, part by part. */
async function parts(video: HTMLVideoElement, most: number): Promise<number[][]> {
  if (!Number.isFinite(video.duration)) await seek(video, FAR_S);
  const length = Math.min(LONGEST_S, Number.isFinite(video.duration) ? video.duration : video.currentTime);
  const count = Math.max(1, Math.min(most, Math.floor(length / SHORTEST_PART_S)));
  const looks = (part: number) => Array.from({ length: LOOKS_PER_PART }, (_, n) => ((part + (n + 0.5) / LOOKS_PER_PART) / count) * length);
  return Array.from({ length: count }, (_, part) => looks(part));
}

async function sharpest(video: HTMLVideoElement, moments: number[]): Promise<number> {
  let best = { at: moments[0]!, sharpness: -1 };
  for (const at of moments) {
    await seek(video, at);
    const seen = { at, sharpness: sharpness(video) };
    if (seen.sharpness > best.sharpness) best = seen;
  }
  return best.at;
}

/** How much neighbouring points differ: the variance of the Laplacian of a small grey copy. */
function sharpness(video: HTMLVideoElement): number {
  const scale = Math.min(1, SMALL_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const width = Math.max(3, Math.round(video.videoWidth * scale));
  const height = Math.max(3, Math.round(video.videoHeight * scale));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pencil = canvas.getContext("2d", { willReadFrequently: true })!;
  pencil.drawImage(video, 0, 0, width, height);
  const { data } = pencil.getImageData(0, 0, width, height);
  const grey = Float32Array.from({ length: width * height }, (_, n) => (data[4 * n]! + 2 * data[4 * n + 1]! + data[4 * n + 2]!) / 4);
  let [count, sum, squares] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let n = y * width + 1; n < (y + 1) * width - 1; n++) {
      const edge = grey[n - 1]! + grey[n + 1]! + grey[n - width]! + grey[n + width]! - 4 * grey[n]!;
      count += 1;
      sum += edge;
      squares += edge * edge;
    }
  }
  return squares / count - (sum / count) ** 2;
}

async function seek(video: HTMLVideoElement, at: number): Promise<void> {
  const isThere = happened(video, "seeked");
  video.currentTime = at;
  await isThere;
}

/** Rejects where the browser cannot play it, or says nothing for long. */
function happened(video: HTMLVideoElement, what: "loadedmetadata" | "seeked"): Promise<void> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Unplayable()), PATIENCE_MS);
    const settle = (isDone: boolean) => {
      clearTimeout(timer);
      video.removeEventListener(what, good);
      video.removeEventListener("error", bad);
      if (isDone) done();
      else failed(new Unplayable());
    };
    const [good, bad] = [() => settle(true), () => settle(false)];
    video.addEventListener(what, good);
    video.addEventListener("error", bad);
  });
}
