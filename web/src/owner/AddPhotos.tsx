import { useSignal } from "@preact/signals";
import { newKey, type Problem } from "../api";
import { shrunk, whyUnusable } from "../report/pictures";
import { useWords } from "../ui/context";
import { NotDone } from "../ui/Deed";

const MOST_PHOTOS = 10;

/** Photos that the server did not take, under the key that lets it take them once however often they are sent. */
interface Held {
  photos: Blob[];
  keep: boolean;
  key: string;
  problem: Problem;
}

interface Added {
  /** How many the report has. */
  count: number;
  /** What kept them from being added, if anything did; ``keep``: also those on which no animal is seen. */
  onAdd: (photos: Blob[], keep: boolean, key: string) => Promise<Problem | null>;
}

/** More photos: made small, then sent; what is none is said by its name, and what was not sent can be sent again. */
export function AddPhotos({ count, onAdd }: Added) {
  const words = useWords();
  const isBusy = useSignal(false);
  const refused = useSignal<string[]>([]);
  const held = useSignal<Held | null>(null);
  const room = MOST_PHOTOS - count;
  const add = async (files: File[]) => {
    isBusy.value = true;
    refused.value = files.length > room ? [words.t("report.too_many", { most: MOST_PHOTOS, left: files.length - Math.max(0, room) })] : [];
    const photos: Blob[] = [];
    for (const file of files.slice(0, Math.max(0, room))) {
      try {
        photos.push(await shrunk(file));
      } catch (error) {
        refused.value = [...refused.value, whyUnusable(words, file, error)];
      }
    }
    if (photos.length > 0) await send(photos);
    isBusy.value = false;
  };
  const send = async (photos: Blob[], keep = false, key = newKey()) => {
    isBusy.value = true;
    const problem = await onAdd(photos, keep, key);
    held.value = problem && { photos, keep, key, problem }; // those that are chosen anew take its place
    isBusy.value = false;
  };
  return (
    <>
      <label class="button plain file" aria-busy={isBusy.value}>
        {words.t(isBusy.value ? "owner.adding_photos" : "owner.add_photos")}
        <input
          type="file"
          accept="image/*,.heic,.heif"
          multiple
          disabled={isBusy.value}
          onChange={(event) => {
            const input = event.currentTarget;
            void add([...(input.files ?? [])]).then(() => (input.value = ""));
          }}
        />
      </label>
      {held.value && !isBusy.value && <NotAdded held={held.value} send={send} />}
      {refused.value.map((text) => (
        <p key={text} class="notice" role="alert">
          {text}
        </p>
      ))}
    </>
  );
}

function NotAdded({ held, send }: { held: Held; send: (photos: Blob[], keep: boolean, key?: string) => Promise<void> }) {
  const words = useWords();
  const { photos, keep, key, problem } = held;
  if (problem.code === "no_animal_found") {
    return (
      <p class="notice" role="alert">
        {words.t("owner.no_animal")} <button onClick={() => void send(photos, true)}>{words.t("owner.keep_photo")}</button>
      </p>
    );
  }
  if (problem.status !== 0) return <NotDone problem={problem} />;
  return (
    <p class="notice" role="alert">
      {words.t("owner.photos_not_added")} <button onClick={() => void send(photos, keep, key)}>{words.t("problem.again")}</button>
    </p>
  );
}
