import type { Curve } from "./api";
import { degreeAt, halfAt } from "./curves";
import { useDeskWords } from "./words";

const AMONG = [10, 100, 1000];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 344, 12, 172];
const [NEAR, FAR] = [0.4, 1.4];
const TICKS = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4];
const SHARES = [0, 0.5, 1];
const STEP = 0.01;

/** Distance to degree of one species and part, drawn; the same as numbers below. */
export function CurveChart({ curve }: { curve: Curve }) {
  const words = useDeskWords();
  const title = words.t("models.curve", { species: words.named("models", curve.species), part: words.named("models", curve.part) });
  return (
    <figure class="curve">
      <figcaption>{title}</figcaption>
      <svg viewBox="0 0 356 214" role="img" aria-label={`${title}. ${words.t("models.chart")}`}>
        {SHARES.map((share) => (
          <g key={share}>
            <line x1={LEFT} x2={RIGHT} y1={y(share)} y2={y(share)} class="grid" />
            <text x={LEFT - 6} y={y(share) + 4} text-anchor="end">
              {words.words.share(share)}
            </text>
          </g>
        ))}
        {TICKS.map((tick) => (
          <text key={tick} x={x(tick)} y={BOTTOM + 18} text-anchor="middle">
            {words.words.number(tick, 1)}
          </text>
        ))}
        <text x={(LEFT + RIGHT) / 2} y={BOTTOM + 36} text-anchor="middle">
          {words.t("models.axis_x")}
        </text>
        {curve.alert_degree !== null && (
          <line x1={LEFT} x2={RIGHT} y1={y(curve.alert_degree)} y2={y(curve.alert_degree)} class="alert" />
        )}
        {AMONG.map((among, n) => (
          <polyline key={among} points={points(curve, among)} class={`line-${n}`} />
        ))}
      </svg>
      <dl class="facts">
        {AMONG.map((among, n) => {
          const half = halfAt(curve, among);
          return (
            <div key={among}>
              <dt>
                <i class={`key line-${n}`} aria-hidden="true" /> {words.t("models.among", { n: words.words.number(among) })}
              </dt>
              <dd>{half === null ? "—" : `${words.t("models.half")} ${words.words.number(half, 2)}`}</dd>
            </div>
          );
        })}
      </dl>
      {curve.pairs_same !== null && (
        <p class="soft">
          {words.t("models.measured", {
            same: words.words.number(curve.pairs_same),
            different: words.words.number(curve.pairs_different ?? 0),
            error: words.words.number(curve.calibration_error ?? 0, 3),
          })}
        </p>
      )}
    </figure>
  );
}

function x(distance: number): number {
  return LEFT + ((distance - NEAR) / (FAR - NEAR)) * (RIGHT - LEFT);
}

function y(degree: number): number {
  return BOTTOM - degree * (BOTTOM - TOP);
}

function points(curve: Curve, among: number): string {
  const count = Math.round((FAR - NEAR) / STEP);
  const distances = Array.from({ length: count + 1 }, (_, n) => NEAR + n * STEP);
  return distances.map((distance) => `${x(distance).toFixed(1)},${y(degreeAt(curve, distance, among)).toFixed(1)}`).join(" ");
}
