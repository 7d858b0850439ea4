// Photos before they are sent: turned upright and made small enough for a slow network.
import type { Words } from "../words";

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
  const picture = await createImageBitmap(photo, { imageOrientation: "from-image" }).catch(() => null);
  if (!picture) return null;
  const scale = Math.min(1, longestSide / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done) => canvas.toBlob((copy) => done(copy && { copy, scale: 1 / scale }), "image/jpeg", quality));
}

/** Why a file cannot be sent, for people. */
export function whyUnusable(words: Words, file: File, error: unknown): string {
  return words.t(`report.${error instanceof Unusable ? error.reason : "unreadable"}`, { file: file.name });
}

function asGiven(file: File): Blob {
  if (!/\.(heic|heif|avif)$/i.test(file.name) && !/^image\/(hei[cf]|avif)$/.test(file.type)) throw new Unusable("unreadable");
  if (file.size > MOST_BYTES) throw new Unusable("too_large");
  return file;
}
