import { type Signal, useSignal } from "@preact/signals";
import { useWords } from "../ui/context";
import type { Shelf } from "./send";
import { MomentInput } from "./MomentInput";
import { type Chosen, chosenOf, localTime, momentIn, timeIn, type When, whenOf } from "./when";

const CHOICES: Chosen[] = ["now", "today", "yesterday", "other"];

/** When it was last seen, or found: nothing is taken for granted, and most say it with one tap. */
export function WhenChoice({ shelf, when }: { shelf: Shelf; when: Signal<When> }) {
  const words = useWords();
  const chosen = useSignal(chosenOf(when.peek())); // a time that is being typed moves nobody to another choice
  const choose = (next: Chosen) => {
    chosen.value = next;
    when.value = whenOf(next);
  };
  const day = chosen.value;
  return (
    <fieldset class="when">
      <legend>{words.t(`report.when_${shelf}`)}</legend>
      {CHOICES.map((each) => (
        <label key={each} class="button chip">
          <input type="radio" name="when" value={each} checked={day === each} onChange={() => choose(each)} />
          {words.t(`report.when.${each}`)}
        </label>
      ))}
      {(day === "today" || day === "yesterday") && (
        <label key={day} class="field">
          {words.t("report.when_time")}
          <input
            type="time"
            defaultValue={timeIn(when.peek())}
            max={day === "today" ? clock() : undefined}
            onInput={({ currentTarget }) => {
              if (day === "today") currentTarget.max = clock();
              when.value = whenOf(day, currentTarget.value);
            }}
          />
        </label>
      )}
      {day === "other" && (
        <MomentInput
          label={words.t("report.when_moment")}
          given={momentIn(when.peek())}
          onInput={(moment) => (when.value = moment || "other")}
        />
      )}
    </fieldset>
  );
}

function clock(): string {
  return localTime(new Date()).slice(-5);
}
