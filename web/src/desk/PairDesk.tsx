import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "../api";
import type { Items, Opinion, Pair, Side } from "./api";
import { asProblem, Trouble, useSeat } from "./parts";
import { useDeskWords } from "./words";

const OPINIONS: Opinion[] = ["same", "different", "unsure", "not_comparable"];
const AT_ONCE = 12;
const SMALL = "(max-width: 40rem), (max-height: 40rem)";
const SETTLED = [404, 409];

interface Page extends Items<Pair> {
  waiting: number;
  judged: number;
}

/** Two animals side by side, and one of four words for them; keys and thumbs alike. */
export function PairDesk() {
  const words = useDeskWords();
  const { desk, recount } = useSeat();
  const page = useSignal<Page | null>(null);
  const at = useSignal(0);
  const problem = useSignal<Problem | null>(null);
  const isSettled = useSignal(false);
  const isBusy = useSignal(false);
  const stage = useRef<HTMLElement>(null);
  const load = async () => {
    try {
      page.value = await desk.get<Page>(`/desk/pairs?limit=${AT_ONCE}`);
      at.value = 0;
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
    }
  };
  useEffect(() => void load(), []);
  const pair = page.value?.items[at.value];
  useEffect(() => {
    stage.current?.focus({ preventScroll: true });
    if (pair && matchMedia(SMALL).matches) stage.current?.scrollIntoView(); // both photos and all four words in sight
    preload(page.value?.items[at.value + 1]);
  }, [pair]);
  const judge = async (opinion: Opinion) => {
    if (isBusy.value) return; // nobody judges the next pair before it is seen
    isBusy.value = true;
    await send(opinion);
    isBusy.value = false;
  };
  const send = async (opinion: Opinion) => {
    const now = page.value;
    if (!pair || !now) return;
    problem.value = null;
    isSettled.value = false;
    try {
      await desk.put(`/desk/pairs/${pair.lost_id}/${pair.found_id}`, { opinion });
      page.value = { ...now, judged: now.judged + 1, waiting: Math.max(0, now.waiting - 1) };
    } catch (error) {
      const failed = asProblem(error);
      if (!SETTLED.includes(failed.status)) return void (problem.value = failed);
      isSettled.value = true;
    }
    at.value += 1;
    if (at.value < now.items.length) return;
    await load();
    recount();
  };
  return (
    <section
      ref={stage}
      class="pairs"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
        const opinion = OPINIONS[Number(event.key) - 1];
        if (opinion) void judge(opinion);
        else if (event.key === "ArrowLeft" || event.key === "ArrowRight") leaf(stage.current, event.key === "ArrowRight" ? 1 : -1);
      }}
    >
      <header class="pairs-head">
        <h1>{words.t("pairs.title")}</h1>
        {page.value && (page.value.waiting > 0 || page.value.judged > 0) && (
          <p class="soft" role="status">
            {[words.count("pairs.waiting", page.value.waiting), words.count("pairs.judged", page.value.judged)].join(" · ")}
          </p>
        )}
      </header>
      {isSettled.value && (
        <p class="notice" role="status">
          {words.t("pairs.settled")}
        </p>
      )}
      <Trouble of={problem} />
      {pair ? (
        <Stage pair={pair} judge={judge} isBusy={isBusy.value} back={at.value > 0 ? () => (at.value -= 1) : null} />
      ) : (
        page.value && <None />
      )}
      {!page.value && !problem.value && <div class="skeleton pair-stage" aria-busy="true" />}
    </section>
  );
}

interface Staged {
  pair: Pair;
  judge: (opinion: Opinion) => Promise<void>;
  isBusy: boolean;
  back: (() => void) | null;
}

function Stage({ pair, judge, isBusy, back }: Staged) {
  const words = useDeskWords();
  return (
    <>
      <div class="pair-stage" key={`${pair.lost_id}${pair.found_id}`}>
        <Photos side={pair.lost} name={words.t("pairs.lost")} />
        <Photos side={pair.found} name={words.t("pairs.found")} />
      </div>
      <div class="opinions" role="group" aria-label={words.t("pairs.title")}>
        {OPINIONS.map((opinion, n) => (
          <button
            key={opinion}
            disabled={isBusy}
            title={opinion === "not_comparable" ? words.t("pairs.not_comparable_hint") : undefined}
            onClick={() => void judge(opinion)}
          >
            {words.t(`pairs.${opinion}`)} <kbd aria-hidden="true">{n + 1}</kbd>
          </button>
        ))}
      </div>
      <p class="soft pairs-foot">
        <span>{words.t("pairs.text")}</span> <span class="for-keys">{words.t("pairs.keys")}</span>
        {back && (
          <button class="plain" disabled={isBusy} onClick={back}>
            {words.t("pairs.back")}
          </button>
        )}
      </p>
    </>
  );
}

function Photos({ side, name }: { side: Side; name: string }) {
  const words = useDeskWords();
  const at = useSignal(0);
  const strip = useRef<HTMLDivElement>(null);
  const n = side.photos.length;
  return (
    <figure>
      <div
        ref={strip}
        class="swipe"
        {...(n > 1 ? { tabIndex: 0 } : {})}
        role="group"
        aria-label={words.t("pairs.photos", { side: name, n })}
        onScroll={(event) => {
          const { scrollLeft, clientWidth } = event.currentTarget;
          at.value = Math.round(scrollLeft / clientWidth);
        }}
      >
        {side.photos.map((photo, index) => (
          <img key={photo} src={photo} alt={words.t("pairs.photo", { side: name, at: index + 1, n })} draggable={false} />
        ))}
      </div>
      <figcaption>
        <span>
          <b>{name}</b> · {[side.district, words.words.day(side.day)].filter(Boolean).join(" · ")}
        </span>
        {n > 1 && <Leaves strip={strip} at={at} n={n} />}
      </figcaption>
    </figure>
  );
}

/** Which of the photos is seen; for mice, buttons to the others. */
function Leaves({ strip, at, n }: { strip: { current: HTMLDivElement | null }; at: Signal<number>; n: number }) {
  const words = useDeskWords();
  return (
    <span class="leaves">
      <button class="plain" aria-label={words.words.t("match.previous")} disabled={at.value === 0} onClick={() => turn(strip.current, -1)}>
        ‹
      </button>
      {at.value + 1}/{n}
      <button class="plain" aria-label={words.words.t("match.next")} disabled={at.value === n - 1} onClick={() => turn(strip.current, 1)}>
        ›
      </button>
    </span>
  );
}

function None() {
  const words = useDeskWords();
  return (
    <div class="empty">
      <h2>{words.t("pairs.none")}</h2>
      <p>{words.t("pairs.none_text")}</p>
    </div>
  );
}

/** Leaf through the photos that have the focus; else through both. */
function leaf(stage: HTMLElement | null, step: number): void {
  const strips = [...(stage?.querySelectorAll<HTMLDivElement>(".swipe") ?? [])];
  const own = strips.filter((strip) => strip === document.activeElement);
  for (const strip of own.length ? own : strips) turn(strip, step);
}

function turn(strip: HTMLDivElement | null, step: number): void {
  strip?.scrollBy({ left: step * strip.clientWidth });
}

function preload(pair: Pair | undefined): void {
  for (const photo of pair ? [pair.lost.photos[0], pair.found.photos[0]] : []) if (photo) new Image().src = photo;
}
