// The marks of matches on a map: each step of the degree has a colour, a shape and a size, so that none is needed alone.
import { token } from "./ground";

export type Step = 0 | 1 | 2 | 3 | 4 | 5;

/** Outlines in a square from -1 to 1. */
export const SHAPES: Record<Step, string> = {
  0: "M-.7-1L0-.3 .7-1 1-.7 .3 0 1 .7 .7 1 0 .3-.7 1-1 .7-.3 0-1-.7Z", // ruled out: a cross
  1: "M0-1L1 .85H-1Z",
  2: "M-.85-.85H.85V.85H-.85Z",
  3: "M0-1.15L1.15 0 0 1.15-1.15 0Z",
  4: "M-1 0A1 1 0 1 1 1 0 1 1 0 1 1-1 0Z",
  5: "M-1 0A1 1 0 1 1 1 0 1 1 0 1 1-1 0Z",
};
export const RADIUS_PX: Record<Step, number> = { 0: 6, 1: 7, 2: 10, 3: 12, 4: 15, 5: 19 };
export const SAME_PERCENT = 100;

const RATIO = 2;
const HALO_PX = 2;
const NUMBERED_FROM = 2;

/** Names that `drawMark` understands: one point, or several of which the best is shown. */
export const MARK = ["concat", ["case", ["has", "point_count"], "many", "one"], "|", ["get", "step"], "|", ["get", "percent"]];
export const COUNT = ["concat", "count|", ["to-string", ["get", "point_count_abbreviated"]]];

/** The picture of that name, or nothing for names that are not ours. */
export function drawMark(id: string): ImageData | null {
  const [kind, what, percent] = id.split("|");
  if (kind === "one" || kind === "many") return mark(Number(what) as Step, Number(percent), kind === "many");
  if (kind === "count") return badge(what!);
  if (kind === "camera") return camera();
  if (kind === "home") return home();
  return kind === "arrow" ? arrow() : null;
}

export const PIXELS = { pixelRatio: RATIO };

function mark(step: Step, percent: number, isMany: boolean): ImageData {
  const radius = RADIUS_PX[step];
  return drawn(radius * 1.15 + HALO_PX + (isMany ? 4 : 0), (pen) => {
    const shape = new Path2D(SHAPES[step]);
    const lay = (x: number, y: number, fill: string) => {
      pen.save();
      pen.translate(x, y);
      pen.scale(radius, radius);
      pen.lineWidth = (2 * HALO_PX) / radius;
      pen.lineJoin = "round";
      pen.strokeStyle = token("--surface");
      pen.stroke(shape);
      pen.fillStyle = fill;
      pen.fill(shape);
      pen.restore();
    };
    const colour = step === 0 ? token("--ink-soft") : token(`--degree-${step}`);
    if (isMany) lay(3, -3, colour);
    lay(0, 0, colour);
    if (step === 5) ring(pen, radius - 3.5);
    if (step >= NUMBERED_FROM) write(pen, percent === SAME_PERCENT ? "✓" : String(percent), token("--on-degree"), radius * 0.82);
  });
}

/** The best have a line inside their edge. */
function ring(pen: CanvasRenderingContext2D, radius: number): void {
  pen.beginPath();
  pen.arc(0, 0, radius, 0, 2 * Math.PI);
  pen.strokeStyle = token("--on-degree");
  pen.lineWidth = 1.5;
  pen.stroke();
}

function badge(text: string): ImageData {
  const half = 5 + 3.2 * text.length;
  return drawn(half + 1, (pen) => {
    pen.beginPath();
    pen.roundRect(-half, -8, 2 * half, 16, 8);
    pen.fillStyle = token("--ink");
    pen.fill();
    write(pen, text, token("--ground"), 10.5);
  });
}

function camera(): ImageData {
  return drawn(9, (pen) => outlined(pen, "M-6-4H3V-1L7-4V5L3 2V5H-6Z", token("--ink-soft")));
}

function home(): ImageData {
  return drawn(18, (pen) => outlined(pen, "M0-16L16-1H11V16H-11V-1H-16Z", token("--accent")));
}

function outlined(pen: CanvasRenderingContext2D, path: string, colour: string): void {
  const shape = new Path2D(path);
  pen.strokeStyle = token("--surface");
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.stroke(shape);
  pen.fillStyle = colour;
  pen.fill(shape);
}

function arrow(): ImageData {
  return drawn(7, (pen) => {
    pen.fillStyle = token("--accent");
    pen.fill(new Path2D("M-4-5L5 0-4 5Z"));
  });
}

function write(pen: CanvasRenderingContext2D, text: string, colour: string, size: number): void {
  pen.fillStyle = colour;
  pen.font = `700 ${size}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, 0, size * 0.06);
}

function drawn(half: number, paint: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(2 * half * RATIO);
  const pen = canvas.getContext("2d", { willReadFrequently: true })!; // read back at once: not drawn by a graphics chip
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.scale(RATIO, RATIO);
  paint(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
