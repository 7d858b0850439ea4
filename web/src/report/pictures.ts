// Photos before they are sent: turned upright and made small enough for a slow network.
import type { Words } from "../words";

const LONGEST_SIDE = 2048;
const QUALITY = 0.87;
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
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!picture) return asGiven(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const jpeg = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  return jpeg ?? asGiven(file);
}

/** Why a file cannot be sent, for people. */
export function whyUnusable(words: Words, file: File, error: unknown): string {
  return words.t(`report.${error instanceof Unusable ? error.reason : "unreadable"}`, { file: file.name });
}

function asGiven(file: File): Blob {
  if (!/\.(heic|heif)$/i.test(file.name) && !/^image\/hei[cf]$/.test(file.type)) throw new Unusable("unreadable");
  if (file.size > MOST_BYTES) throw new Unusable("too_large");
  return file;
}
