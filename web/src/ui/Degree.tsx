import type { DegreeWord } from "../api";
import { useWords } from "./context";

const STEPS: Record<DegreeWord, number> = { very_unlikely: 1, unlikely: 2, possible: 3, likely: 4, very_likely: 5 };

export function stepOf(word: DegreeWord): number {
  return STEPS[word];
}

/** The degree as colour, as filled steps, as a number and as a word: no reader needs the colour. */
export function Degree({ degree, word }: { degree: number; word: DegreeWord }) {
  const words = useWords();
  const step = stepOf(word);
  return (
    <span class={`degree step-${step}`}>
      <span class="steps" aria-hidden="true">
        {[1, 2, 3, 4, 5].map((each) => (
          <i key={each} class={each <= step ? "on" : ""} />
        ))}
      </span>
      <b>{words.percent(degree)}</b> <span>{words.t(`degree.${word}`)}</span>
    </span>
  );
}
