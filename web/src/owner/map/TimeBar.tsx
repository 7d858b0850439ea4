import { useWords } from "../../ui/context";
import { placed } from "./data";
import type { Timeline } from "./timeline";

/** Plays the sightings in their order, or stops at one. */
export function TimeBar({ time }: { time: Timeline }) {
  const words = useWords();
  const { last } = time;
  if (last < 1) return null;
  const until = time.until.value;
  const count = words.count("map.shown", placed(time.shown.value).length);
  const says = until === null ? count : `${words.exact(new Date(until).toISOString())} · ${count}`;
  return (
    <div class="time-bar">
      <button
        class="round"
        aria-label={words.t(time.isPlaying.value ? "map.pause" : "map.play")}
        onClick={() => (time.isPlaying.value ? time.pause() : time.play())}
      >
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <path d={time.isPlaying.value ? "M6 4h4v16H6zM14 4h4v16h-4z" : "M6 3l15 9-15 9z"} fill="currentColor" />
        </svg>
      </button>
      <label>
        <span class="time-says">{says}</span>
        <input
          type="range"
          min={0}
          max={last}
          value={time.step.value ?? last}
          aria-label={words.t("map.until")}
          aria-valuetext={says}
          onInput={(event) => time.to(Number(event.currentTarget.value))}
        />
      </label>
    </div>
  );
}
