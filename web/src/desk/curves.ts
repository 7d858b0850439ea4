// From a card's log likelihood ratios to degrees, as the engine computes them: ratio plus prior log odds, then the sigmoid.
import type { Curve } from "./api";

/** Linear between knots, constant beyond them. */
export function ratioAt({ knots_l2: knots, llr }: Curve, distance: number): number {
  const after = knots.findIndex((knot) => knot >= distance);
  if (after === 0) return llr[0]!;
  if (after < 0) return llr[llr.length - 1]!;
  const share = (distance - knots[after - 1]!) / (knots[after]! - knots[after - 1]!);
  return llr[after - 1]! + share * (llr[after]! - llr[after - 1]!);
}

/** The degree at a distance if it may be one of `among` animals, each as likely as the other. */
export function degreeAt(curve: Curve, distance: number, among: number): number {
  return 1 / (1 + Math.exp(-(ratioAt(curve, distance) - Math.log(among - 1))));
}

/** The largest distance at which the degree is still one half; null where it never is. */
export function halfAt(curve: Curve, among: number): number | null {
  for (let distance = 2; distance >= 0; distance -= 0.01) if (degreeAt(curve, distance, among) >= 0.5) return distance;
  return null;
}
