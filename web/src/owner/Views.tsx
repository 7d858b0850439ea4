import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../ui/context";
import type { Case } from "./case";

/** Whatever lies below the window counts as in sight; what is cut off above by more than a hair does not. */
const [UNLESS_ABOVE, NEARLY_WHOLE] = ["0px 0px 100000% 0px", 0.9];

/**
 * List or map. It has a place of its own beside the filter, where it covers nothing; only once that goes out of sight
 * above does it float within the thumb's reach.
 */
export function Views({ owned }: { owned: Case }) {
  const words = useWords();
  const view = owned.over.view.value;
  const before = useRef(view);
  useEffect(() => {
    if (before.current === view) return;
    before.current = view;
    const chosen = view === "list" && document.getElementById(`match-${owned.selected.value}`);
    (chosen || document.querySelector(".filters"))?.scrollIntoView();
  }, [view]);
  const place = useRef<HTMLDivElement>(null);
  const left = useSignal<DOMRectReadOnly | null>(null); // the place it left stays as large, so that nothing moves
  useEffect(() => {
    const seen = new IntersectionObserver(
      ([entry]) => (left.value = entry && entry.intersectionRatio < NEARLY_WHOLE ? entry.boundingClientRect : null),
      { rootMargin: UNLESS_ABOVE, threshold: NEARLY_WHOLE },
    );
    seen.observe(place.current!);
    return () => seen.disconnect();
  }, []);
  const size = left.value && { width: `${left.value.width}px`, height: `${left.value.height}px` };
  return (
    <div ref={place} class="views-place" style={size ?? {}}>
      <nav class={`views ${left.value ? "floating" : ""}`} aria-label={`${words.t("view.list")} / ${words.t("view.map")}`}>
        {(["list", "map"] as const).map((each) => (
          <button key={each} aria-pressed={view === each} onClick={() => owned.over.show(each)}>
            {words.t(`view.${each}`)}
          </button>
        ))}
      </nav>
    </div>
  );
}
