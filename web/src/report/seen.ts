// What is seen on the photos of a report, as far as the person who sends it should know.
import type { Animal, Species } from "../api";
import type { Picked } from "./PhotoPicker";

/** Of an animal's shorter side. Below twice as many it begins to look unlike itself (docs/why/degree.md). */
const FEW_PX = 64;

/** Whether an animal has few pixels to be recognised by; where none is seen, the whole photo. ``scale``: pixels of the photo for one here. */
export function isSmall(photo: { width: number; height: number }, animal: Animal | undefined, scale = 1): boolean {
  const [x0, y0, x1, y1] = animal?.box ?? [0, 0, photo.width, photo.height];
  return Math.min(x1 - x0, y1 - y0) * scale < FEW_PX;
}

/** The kinds of the animals that are meant; two where the photos are not of one animal. */
export function kindsMeant(picked: Picked[]): Species[] {
  return [...new Set(picked.flatMap(({ seen, animal }) => seen?.animals[animal]?.species ?? []))];
}

type Summary =
  | "report.photos_hint" | "report.sees_none" | "report.sees_many" | "report.sees_both" | "report.sees_both_tap"
  | `report.sees.${Species}` | `report.sees_too.${Species}`;

/** All of it in one line; ``chosen`` is the kind that the person named. */
export function summary(picked: Picked[], chosen: Species | null): Summary {
  const looked = picked.flatMap(({ seen }) => seen ?? []);
  if (looked.length === 0) return "report.photos_hint";
  const meant = kindsMeant(picked);
  const [first] = meant;
  if (!first) return "report.sees_none";
  const other = meant.find((kind) => kind !== chosen);
  if (meant.length > 1) return chosen && other ? `report.sees_too.${other}` : "report.sees_both";
  if (!looked.some(({ animals }) => animals.length > 1)) return `report.sees.${first}`;
  const areBoth = looked.some(({ animals }) => animals.some(({ species }) => species !== first));
  return areBoth ? "report.sees_both_tap" : "report.sees_many";
}
