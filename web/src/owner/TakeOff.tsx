import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Photo, Problem } from "../api";
import { useWords } from "../ui/context";
import { Sure } from "../ui/Sure";

interface Had {
  /** Those that the report has. */
  photos: Photo[];
  /** What kept a photo from being taken off, if anything did. */
  onTakeOff: (photoId: string) => Promise<Problem | null>;
}

/** A photo that is there by mistake goes after one question; a report keeps at least one. */
export function TakeOff({ photos, onTakeOff }: Had) {
  const words = useWords();
  const asked = useSignal<{ photo: Photo; n: number } | null>(null);
  const isDone = useSignal(false);
  const asker = useRef<HTMLElement | null>(null);
  const done = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    if (!asked.value) (done.current ?? asker.current)?.focus(); // to what came of it, after No back to where it was asked
  }, [asked.value]);
  const ask = (photo: Photo, n: number) => (event: Event) => {
    asker.current = event.currentTarget as HTMLElement;
    isDone.value = false;
    asked.value = { photo, n };
  };
  const takeOff = async ({ id }: Photo) => {
    const problem = await onTakeOff(id);
    if (problem?.status === 409) return new Problem(409, problem.code, words.t("owner.only_photo"));
    if (problem) return problem;
    isDone.value = true;
    asked.value = null;
    return null;
  };
  return (
    <>
      {(photos.length > 1 || asked.value) && (
        <details class="own-photos">
          <summary>{words.t("owner.wrong_photo")}</summary>
          <ul hidden={asked.value !== null}>
            {photos.map((photo, at) => (
              <li key={photo.id}>
                <img src={photo.thumb} alt="" width="160" height="160" loading="lazy" />
                <button class="plain" onClick={ask(photo, at + 1)}>
                  {words.t("owner.remove_photo", { n: at + 1 })}
                </button>
              </li>
            ))}
          </ul>
          {asked.value && (
            <Sure
              text={words.t("owner.sure_remove", { n: asked.value.n })}
              onYes={() => takeOff(asked.value!.photo)}
              onNo={() => (asked.value = null)}
            >
              <img src={asked.value.photo.thumb} alt="" width="160" height="160" />
            </Sure>
          )}
        </details>
      )}
      {isDone.value && (
        <p ref={done} class="soft" tabIndex={-1}>
          {words.t("owner.photo_removed")}
        </p>
      )}
    </>
  );
}
