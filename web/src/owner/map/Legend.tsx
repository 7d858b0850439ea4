import { SHAPES, type Step } from "../../map/marks";
import { useWords } from "../../ui/context";

const STEPS = [
  [5, "degree.very_likely"],
  [4, "degree.likely"],
  [3, "degree.possible"],
  [2, "degree.unlikely"],
  [1, "degree.very_unlikely"],
] as const;

/** What colours and shapes mean; folded away where room is scarce. */
export function Legend() {
  const words = useWords();
  return (
    <details class="legend" open={matchMedia("(min-width: 40rem)").matches}>
      <summary>{words.t("map.key")}</summary>
      <ul>
        {STEPS.map(([step, word]) => (
          <li key={step} class={`step-${step}`}>
            <Sign step={step} /> {words.t(word)}
          </li>
        ))}
        <li>
          <Sign step={0} /> {words.t("verdict.said_different")}
        </li>
        <li>
          <i class="home-mark" /> {words.t("map.home")}
        </li>
      </ul>
    </details>
  );
}

function Sign({ step }: { step: Step }) {
  return (
    <svg class="sign" viewBox="-1.3 -1.3 2.6 2.6" aria-hidden="true">
      <path d={SHAPES[step]} />
      {step === 5 && <circle class="inner" r="0.72" />}
    </svg>
  );
}
