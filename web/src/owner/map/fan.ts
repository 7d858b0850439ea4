// Several points at one place, laid out in rings around it. Pure.

const FIRST_RING = 7;
const FIRST_PX = 52;
const NEXT_PX = 42;

/** So many places around 0, 0 in pixels; none lies on another. */
export function rings(count: number): [number, number][] {
  const found: [number, number][] = [];
  for (let ring = 0; found.length < count; ring += 1) {
    const room = Math.min(FIRST_RING + 5 * ring, count - found.length);
    const radius = FIRST_PX + NEXT_PX * ring;
    for (let n = 0; n < room; n += 1) {
      const angle = (2 * Math.PI * n) / room - Math.PI / 2;
      found.push([radius * Math.cos(angle), radius * Math.sin(angle)]);
    }
  }
  return found;
}
