import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { newKey, type Photo, type Problem } from "../api";
import { PHOTOS_AND_VIDEOS, photosOf, whyUnusable } from "../report/pictures";
import { isSmall } from "../report/seen";
import { useWords } from "../ui/context";
import { NotDone } from "../ui/Deed";
import type { Going } from "../upload";

const MOST_PHOTOS = 10;

/** A photo under the key that lets the server take it once however often it is sent; ``keep``: also if no animal is seen on it. */
interface Chosen {
  photo: Blob;
  keep: boolean;
  key: string;
}

/** One that the server did not take. */
interface Held extends Chosen {
  problem: Problem;
}

/** What kept a photo from being added, if anything did. */
export type Send = (photo: Blob, keep: boolean, key: string, onGoing: (going: Going) => void) => Promise<Problem | null>;

interface Added {
  /** Those that the report has. */
  photos: Photo[];
  onAdd: Send;
  /** Whether there is something on its way, or to be decided. */
  isAdding?: Signal<boolean>;
}

/** More photos: made small, then sent one by one; what is none is said by its name, and what was not sent can be sent again. */
export function AddPhotos({ photos: had, onAdd, isAdding }: Added) {
  const words = useWords();
  const going = useSignal<{ n: number; of: number; is: Going } | null>(null);
  const refused = useSignal<string[]>([]);
  const held = useSignal<Held[]>([]);
  const room = MOST_PHOTOS - had.length;
  const before = useRef(Infinity); // how many there were when some were chosen here
  const add = async (files: File[]) => {
    before.current = had.length;
    const taken = files.slice(0, Math.max(0, room));
    refused.value = files.length > room ? [words.t("report.too_many", { most: MOST_PHOTOS, left: files.length - taken.length })] : [];
    going.value = { n: 1, of: taken.length, is: 0 };
    const photos: Chosen[] = [];
    for (const [n, file] of taken.entries()) {
      try {
        const place = room - photos.length - (taken.length - n - 1); // one stays for each file that waits
        photos.push(...(await photosOf(file, place)).map((photo) => ({ photo, keep: false, key: newKey() })));
      } catch (error) {
        refused.value = [...refused.value, whyUnusable(words, file, error)];
      }
    }
    held.value = []; // those that are chosen anew take their place
    await send(photos);
  };
  /** All; without a network those that are left are held with the one that did not arrive. */
  const send = async (photos: Chosen[]) => {
    if (isAdding) isAdding.value = true;
    held.value = held.value.filter(({ key }) => !photos.some((each) => each.key === key));
    for (const [n, each] of photos.entries()) {
      const tell = (is: Going) => (going.value = { n: n + 1, of: photos.length, is });
      tell(0);
      const problem = await onAdd(each.photo, each.keep, each.key, tell);
      if (!problem) continue;
      const isUnreached = problem.status === 0;
      const left = isUnreached ? photos.slice(n) : [each];
      held.value = [...held.value, ...left.map((one) => ({ ...one, problem }))];
      if (isUnreached) break;
    }
    going.value = null;
    if (isAdding) isAdding.value = held.value.length > 0;
  };
  /** To the server another request than the one that it refused. */
  const keep = (photo: Blob, key: string) => {
    held.value = held.value.filter((each) => each.key !== key);
    void send([{ photo, keep: true, key: newKey() }]);
  };
  const isBusy = going.value !== null;
  const added = had.slice(before.current);
  const isOneSmall = added.some((photo) => isSmall(photo, photo.animals.find(({ chosen }) => chosen)));
  const text = going.value ? words.t("owner.adding_photos", { n: going.value.n, of: going.value.of }) : words.t("owner.add_photos");
  return (
    <>
      <label class="button plain file" aria-busy={isBusy}>
        {text}
        <input
          type="file"
          accept={PHOTOS_AND_VIDEOS}
          multiple
          disabled={isBusy}
          onChange={(event) => {
            const input = event.currentTarget;
            void add([...(input.files ?? [])]).then(() => (input.value = ""));
          }}
        />
      </label>
      {going.value && <progress value={going.value.is === "again" ? 0 : going.value.is} aria-label={text} />}
      {going.value?.is === "again" && (
        <p class="soft" role="status">
          {words.t("report.sent_again")}
        </p>
      )}
      {!isBusy && isOneSmall && (
        <p class="soft" role="status">
          {words.t("owner.small_photo")}
        </p>
      )}
      {!isBusy && <NotAdded held={held.value} send={send} onKeep={keep} />}
      {refused.value.map((text) => (
        <p key={text} class="notice" role="alert">
          {text}
        </p>
      ))}
    </>
  );
}

interface NotAddedProps {
  held: Held[];
  send: (photos: Chosen[]) => Promise<void>;
  onKeep: (photo: Blob, key: string) => void;
}

function NotAdded({ held, send, onKeep }: NotAddedProps) {
  const words = useWords();
  const unseen = held.filter(({ problem }) => problem.code === "no_animal_found");
  const unreached = held.filter(({ problem }) => problem.status === 0);
  const others = held.filter((each) => !unseen.includes(each) && !unreached.includes(each));
  return (
    <>
      {unseen.map(({ photo, key }) => (
        <p key={key} class="notice" role="alert">
          <Small photo={photo} />
          {words.t("owner.no_animal")}{" "}
          <button onClick={() => onKeep(photo, key)}>{words.t("owner.keep_photo")}</button>
        </p>
      ))}
      {others.map(({ key, problem }) => (
        <NotDone key={key} problem={problem} />
      ))}
      {unreached.length > 0 && (
        <p class="notice" role="alert">
          {words.t("owner.photos_not_added")} <button onClick={() => void send(unreached)}>{words.t("problem.again")}</button>
        </p>
      )}
    </>
  );
}

/** Which of those that were chosen it is. */
function Small({ photo }: { photo: Blob }) {
  const url = useMemo(() => URL.createObjectURL(photo), [photo]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img class="thumb" src={url} alt="" width="64" height="64" />;
}
