import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type Handover, type Message, newKey, type Problem, type Words } from "../api";
import { PHOTOS, shrunk, whyUnusable } from "../report/pictures";
import { useWords } from "../ui/context";
import { Deed, NotDone } from "../ui/Deed";
import { rememberedHere, rememberHere } from "../ui/storage";
import type { Talk, Talks } from "./talks";

const POSITION_MS = 15_000;

/** Which animal a conversation is about, for those who have several. */
export interface About {
  picture: string | undefined;
  text: string;
}

interface Listed {
  talks: Talks;
  about: (talk: Talk) => About | null;
}

/** What owner and finder say to each other; neither learns who the other is. */
export function TalkList({ talks, about }: Listed) {
  const words = useWords();
  if (talks.all.value.length === 0) return null;
  return (
    <section class="talks" aria-label={words.t("talk.title")}>
      <h2>{words.t("talk.title")}</h2>
      {!talks.areFresh.value && (
        <p class="notice" role="status">
          {words.t("talk.as_of", { when: words.ago(talks.keptAt.value ?? 0) })}
        </p>
      )}
      {talks.all.value.map((talk) => (
        <Conversation key={talk.handover.id} talk={talk} talks={talks} about={about(talk)} />
      ))}
    </section>
  );
}

function Conversation({ talk, talks, about }: { talk: Talk; talks: Talks; about: About | null }) {
  const words = useWords();
  const { handover, messages } = talk;
  const isFresh = talks.areFresh.value; // else nobody would hear what is said
  const isAsked = !handover.is_over && !handover.i_agree && !isHome(handover);
  return (
    <article id={`talk-${handover.id}`} class="talk" aria-label={about?.text} tabIndex={-1}>
      {about && (
        <p class="talk-about">
          {about.picture && <img src={about.picture} alt="" width="64" height="64" />} {about.text}
        </p>
      )}
      <p class="soft">{stateOf(talk).map((key) => words.t(key)).join(" ")}</p>
      <ol class="messages" aria-live="polite">
        {messages.map((message) => (
          <Said key={message.id} message={message} talk={talk} talks={talks} />
        ))}
      </ol>
      {isFresh && isAsked && (
        <div class="actions">
          <Deed look="main" text={words.t("talk.agree")} act={() => talks.answer(talk, true)} />
          <Deed text={words.t("talk.refuse")} act={() => talks.answer(talk, false)} />
        </div>
      )}
      {isFresh && canWrite(talk) && <Mark talk={talk} talks={talks} />}
      {isFresh && canWrite(talk) && <Composer talk={talk} talks={talks} />}
      {isFresh && handover.is_open && (
        <Deed
          look="plain"
          text={words.t("talk.end")}
          act={async () => (confirm(words.t("talk.sure_end")) ? talks.end(talk) : null)}
        />
      )}
    </article>
  );
}

type State =
  | "talk.over" | "talk.gone" | "talk.home" | "talk.refused_by_me" | `talk.refused_${Handover["side"]}`
  | "talk.open" | "talk.beware" | "talk.waiting" | "talk.hidden" | `talk.asked_${Handover["side"]}`;

function stateOf({ handover, isGone }: Talk): State[] {
  if (isGone) return ["talk.gone"];
  if (isHome(handover)) return ["talk.home"];
  if (handover.is_over) {
    if (handover.i_agree && handover.other_agrees) return ["talk.over"];
    return [handover.i_agree === false ? "talk.refused_by_me" : `talk.refused_${handover.side}`];
  }
  if (handover.is_open) return ["talk.open", "talk.beware"];
  return handover.i_agree ? ["talk.waiting"] : [`talk.asked_${handover.side}`, "talk.hidden"];
}

/** For the finder: nobody is left to be looked for. The owner may still thank. */
function isHome({ pet_is_home, side }: Handover): boolean {
  return pet_is_home && side === "found";
}

/** Before both agree a finder may ask, and an owner may answer what was asked. */
function canWrite({ handover, messages }: Talk): boolean {
  if (handover.is_over || isHome(handover)) return false;
  return handover.is_open || handover.side === "found" || messages.some((message) => !message.is_mine);
}

/** The mark that the owner keeps back: asked for, and answered with, in one tap. */
function Mark({ talk, talks }: { talk: Talk; talks: Talks }) {
  const words = useWords();
  const { handover, messages } = talk;
  if (handover.is_open || !handover.has_secret_mark) return null;
  const mark = handover.secret_mark;
  if (mark === null) {
    if (messages.some((message) => message.is_mine)) return null;
    return <Deed text={words.t("secret.ask")} act={() => talks.write(talk, { text: words.t("secret.question") })} />;
  }
  if (messages.some((message) => message.is_mine && message.text === mark)) return null;
  return (
    <div class="notice">
      {words.t("secret.yours", { mark })}{" "}
      <Deed text={words.t("secret.answer")} act={() => talks.write(talk, { text: mark })} />
    </div>
  );
}

function Said({ message, talk, talks }: { message: Message; talk: Talk; talks: Talks }) {
  const words = useWords();
  const picture = useSignal("");
  const isFresh = talks.areFresh.value;
  useEffect(() => {
    if (!message.photo || !isFresh) return;
    talks.picture(message.photo).then((url) => (picture.value = url), () => {});
    return () => URL.revokeObjectURL(picture.value);
  }, [message.photo, isFresh]);
  return (
    <li class={message.is_mine ? "mine" : ""}>
      <small class="soft">
        {words.t(message.is_mine ? "talk.me" : `talk.them_${talk.handover.side}`)} · {words.ago(message.created_at)}
      </small>
      {message.text && <p>{words.said(message.text, "secret.question")}</p>}
      {!isFresh && !message.text && !message.place && <p class="soft">{words.t("talk.not_kept")}</p>}
      {picture.value && <img src={picture.value} alt={words.t("talk.photo")} />}
      {message.place && (
        <a href={mapOf(message.place)} target="_blank" rel="noopener noreferrer">
          {words.t("talk.place_sent", message.place)}
        </a>
      )}
    </li>
  );
}

/** A map that opens on every device; `geo:` does nothing on most. */
function mapOf({ lat, lon }: { lat: number; lon: number }): string {
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=17/${lat}/${lon}`;
}

/** To some ten metres, as people can read it. */
function round(degrees: number): number {
  return Math.round(degrees * 1e4) / 1e4;
}

function Composer({ talk, talks }: { talk: Talk; talks: Talks }) {
  const words = useWords();
  const { id, is_open: isOpen, side } = talk.handover;
  const kept = `begun-${id}`; // in this tab: a reload in the middle of a sentence loses nothing
  const text = useSignal(rememberedHere(kept) ?? "");
  const type = (typed: string) => {
    text.value = typed;
    rememberHere(kept, typed);
  };
  const label = isOpen ? "talk.message" : side === "found" ? "talk.question" : "talk.answer";
  const trouble = useSignal("");
  const problem = useSignal<Problem | null>(null);
  const isBusy = useSignal(false); // a second tap says nothing twice
  const write = async (said: Words, key?: string) => {
    isBusy.value = true;
    trouble.value = "";
    problem.value = null;
    problem.value = await talks.write(talk, said, key);
    isBusy.value = false;
    return !problem.value;
  };
  const begun = useRef({ text: "", key: "" }); // sent again because its answer was lost, it is said once
  const say = async (said: string) => {
    if (begun.current.text !== said) begun.current = { text: said, key: newKey() };
    if (!(await write({ text: said }, begun.current.key))) return;
    begun.current.text = "";
    type("");
  };
  const isLocating = useSignal(false);
  const locate = () => {
    trouble.value = "";
    isLocating.value = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        isLocating.value = false;
        void write({ place: { lat: round(coords.latitude), lon: round(coords.longitude) } });
      },
      () => {
        isLocating.value = false;
        trouble.value = words.t("talk.no_position");
      },
      { timeout: POSITION_MS },
    );
  };
  const show = async (input: HTMLInputElement) => {
    trouble.value = "";
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    try {
      await write({ photo: await shrunk(file) });
    } catch (error) {
      trouble.value = whyUnusable(words, file, error);
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!text.value.trim() || isBusy.value) return;
        void say(text.value.trim());
      }}
    >
      <label class="field">
        {words.t(label)}
        <textarea rows={2} maxLength={2000} value={text.value} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      {trouble.value && (
        <p class="notice" role="alert">
          {trouble.value}
        </p>
      )}
      <NotDone problem={problem.value} />
      <div class="actions">
        <button class="main" disabled={isBusy.value}>
          {words.t("talk.send")}
        </button>
        {isOpen && (
          <>
            <label class="button file" aria-busy={isBusy.value}>
              {words.t("talk.photo")}
              <input
                type="file"
                accept={PHOTOS}
                disabled={isBusy.value}
                onChange={(event) => void show(event.currentTarget)}
              />
            </label>
            <button type="button" disabled={isBusy.value || isLocating.value} aria-busy={isLocating.value} onClick={locate}>
              {words.t("talk.place")}
            </button>
          </>
        )}
      </div>
    </form>
  );
}
