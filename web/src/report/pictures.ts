// Photos before they are sent: turned upright and made small enough for a slow network.
import type { Words } from "../words";
import { framesOf, Unplayable } from "./video";

/** What a field for files takes; some devices know the last ones by their ends alone. */
export const PHOTOS = "image/*,.heic,.heif,.avif";
export const PHOTOS_AND_VIDEOS = `${PHOTOS},video/*`;
const LONGEST_SIDE = 2048;
const QUALITY = 0.87;
/** More than the detector looks at, and a fifth of the bytes. */
const [GLIMPSE_SIDE, GLIMPSE_QUALITY] = [1024, 0.8];
const MOST_BYTES = 20_000_000;
/** Too much for a browser's memory; a photo of this size is refused before it is opened. */
const MOST_GIVEN_BYTES = 100_000_000;

export class Unusable extends Error {
  constructor(readonly reason: "unreadable" | "too_large") {
    super(reason);
  }
}

/** What a chosen file is sent as: the picture; of a video, up to ``most`` of its moments. */
export async function photosOf(file: File, most: number): Promise<Blob[]> {
  if (!isVideo(file)) return [await shrunk(file)];
  return framesOf(file, most, async (video) => {
    const frame = await copied(video, video.videoWidth, video.videoHeight, LONGEST_SIDE, QUALITY);
    if (!frame) throw new Unplayable();
    return frame.copy;
  });
}

/** The picture as JPEG; a kind that this browser cannot open goes as it is, the server may know it. */
export async function shrunk(file: File): Promise<Blob> {
  if (file.size > MOST_GIVEN_BYTES) throw new Unusable("too_large");
  return (await drawn(file, LONGEST_SIDE, QUALITY))?.copy ?? asGiven(file);
}

/** Enough to see what is on a photo; null where it would be no smaller, or cannot be opened here. */
export async function glimpse(photo: Blob): Promise<Drawn | null> {
  const small = await drawn(photo, GLIMPSE_SIDE, GLIMPSE_QUALITY);
  return small && small.copy.size < photo.size / 2 ? small : null;
}

interface Drawn {
  copy: Blob;
  /** How many pixels of the picture one of the copy is. */
  scale: number;
}

async function drawn(photo: Blob, longestSide: number, quality: number): Promise<Drawn | null> {
  const url = URL.createObjectURL(photo);
  const picture = Object.assign(new Image(), { src: url }); // not createImageBitmap: older phones turn it wrongly, or refuse to
  try {
    await picture.decode();
    return await copied(picture, picture.naturalWidth, picture.naturalHeight, longestSide, quality);
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

function copied(picture: CanvasImageSource, width: number, height: number, longestSide: number, quality: number): Promise<Drawn | null> {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((copy) => done(copy && { copy, scale: 1 / scale }), "image/jpeg", quality));
}

/** Why a file cannot be sent, for people. */
export function whyUnusable(words: Words, file: File, error: unknown): string {
  const reason = error instanceof Unplayable ? "unplayable" : error instanceof Unusable ? error.reason : "unreadable";
  return words.t(`report.${reason}`, { file: file.name });
}

function isVideo(file: File): boolean {
  return file.type ? file.type.startsWith("video/") : /\.(mp4|mov|m4v|webm|3gp|mkv|avi)$/i.test(file.name);
}

function asGiven(file: File): Blob {
  if (!/\.(heic|heif|avif)$/i.test(file.name) && !/^image\/(hei[cf]|avif)$/.test(file.type)) throw new Unusable("unreadable");
  if (file.size > MOST_BYTES) throw new Unusable("too_large");
  return file;
}
