import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { newKey, type Species } from "../api";
import { useWords } from "../ui/context";
import { PHOTOS_AND_VIDEOS, photosOf, whyUnusable } from "./pictures";
import { isSmall, summary } from "./seen";
import { look, type LookedAt } from "./send";

/** A photo ready to be sent, what is seen on it once that is known, and which animal it is about. */
export interface Picked {
  /** The same after a reload. */
  id: string;
  url: string;
  jpeg: Blob;
  seen: LookedAt | null;
  animal: number;
}

const MOST = 10;
/** Devices held in a hand have one that opens at once. */
const hasCamera = matchMedia("(pointer: coarse)").matches;

interface Picking {
  picked: Signal<Picked[]>;
  /** How many chosen files are not photos yet: they are being made small. */
  preparing: Signal<number>;
  /** The kind of animal that the person named. */
  species: Signal<Species | null>;
}

/** Camera or gallery; each animal is outlined as soon as the server has looked. */
export function PhotoPicker({ picked, preparing, species }: Picking) {
  const words = useWords();
  const isLooking = useSignal(0);
  const refused = useSignal<string[]>([]);
  const box = useRef<HTMLFieldSetElement>(null);

  const count = useRef(picked.value.length);
  useSignalEffect(() => {
    if (picked.value.length < count.current) refused.value = []; // there is room again
    count.current = picked.value.length;
  });
  const change = (url: string, what: Partial<Picked>) => {
    picked.value = picked.value.map((each) => (each.url === url ? { ...each, ...what } : each));
  };
  /** Of a video several, but one place stays for each file that waits. */
  const take = async (file: File): Promise<Picked[]> => {
    const jpegs = await photosOf(file, MOST - picked.value.length - (preparing.value - 1));
    const photos = jpegs.map((jpeg) => ({ id: newKey(), url: URL.createObjectURL(jpeg), jpeg, seen: null, animal: 0 }));
    picked.value = [...picked.value, ...photos];
    return photos;
  };
  const see = async ({ url, jpeg }: Picked) => {
    isLooking.value += 1;
    const seen = await look(jpeg, words.language).catch(() => null); // sending it tells what is wrong
    change(url, { seen });
    isLooking.value -= 1;
  };
  const add = async (files: File[]) => {
    const room = MOST - picked.value.length - preparing.value;
    refused.value = files.length > room ? [words.t("report.too_many", { most: MOST, left: files.length - room })] : [];
    const taken = files.slice(0, Math.max(0, room));
    preparing.value += taken.length;
    const looks: Promise<void>[] = [];
    for (const file of taken) {
      try {
        const photos = await take(file).finally(() => (preparing.value -= 1));
        looks.push(...photos.map(see)); // the next one need not wait for a slow line
      } catch (error) {
        refused.value = [...refused.value, whyUnusable(words, file, error)];
      }
    }
    await Promise.all(looks);
  };
  /** Focus goes on to the photo after it, else to where more are added; to the one before where ten leave no room for that yet. */
  const remove = (photo: Picked) => {
    const at = picked.value.indexOf(photo);
    const removers = box.current!.querySelectorAll<HTMLElement>(".remove");
    const heir = removers[at + 1] ?? box.current!.querySelector<HTMLElement>(".actions input") ?? removers[at - 1];
    heir?.focus();
    URL.revokeObjectURL(photo.url);
    picked.value = picked.value.filter((each) => each !== photo);
  };

  return (
    <fieldset ref={box} class="photos">
      <legend>{words.t("report.photos")}</legend>
      <p class="soft">{words.t("report.photos_hint")}</p>
      <ul>
        {picked.value.map((photo) => (
          <li key={photo.url}>
            <Outlined photo={photo} onChoose={(animal) => change(photo.url, { animal })} />
            {picked.value.length > 1 && photo.seen?.animals.length === 0 && <small>{words.t("owner.no_animal")}</small>}
            {photo.seen && isSmall(photo.seen, photo.seen.animals[photo.animal], photo.seen.scale) && (
              <small>{words.t("report.small")}</small>
            )}
            <button type="button" class="remove" aria-label={words.t("report.remove")} onClick={() => remove(photo)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <p role="status">
        {isLooking.value + preparing.value > 0 ? words.t("report.looking") : picked.value.length > 0 && words.t(summary(picked.value, species.value))}
      </p>
      {refused.value.map((text) => (
        <p key={text} class="notice" role="alert">
          {text}
        </p>
      ))}
      {picked.value.length < MOST && (
        <div class="actions">
          <FileButton isMain text={words.t(picked.value.length ? "report.add_more" : "report.add")} onFiles={add} />
          {hasCamera && <FileButton isCamera text={words.t("report.take")} onFiles={add} />}
        </div>
      )}
    </fieldset>
  );
}

interface Files {
  text: string;
  isMain?: boolean;
  isCamera?: boolean;
  onFiles: (files: File[]) => Promise<void>;
}

function FileButton({ text, isMain, isCamera, onFiles }: Files) {
  return (
    <label class={`button file ${isMain ? "main" : ""}`}>
      {text}
      <input
        type="file"
        {...(isCamera ? { accept: "image/*", capture: "environment" } : { accept: PHOTOS_AND_VIDEOS, multiple: true })}
        onChange={(event) => {
          const input = event.currentTarget;
          void onFiles([...(input.files ?? [])]).then(() => (input.value = ""));
        }}
      />
    </label>
  );
}

/** The photo with a frame around each animal; where there are several, a tap chooses. */
function Outlined({ photo, onChoose }: { photo: Picked; onChoose: (animal: number) => void }) {
  const words = useWords();
  const { seen } = photo;
  const isChoice = (seen?.animals.length ?? 0) > 1;
  const isUnshown = useSignal(false); // HEIC, which the server can read
  return (
    <>
      <svg
        viewBox={seen ? `0 0 ${seen.width} ${seen.height}` : "0 0 4 3"}
        role={isChoice ? "group" : "img"}
        aria-label={words.t("report.photos")}
      >
        <image
          href={photo.url}
          width={seen?.width ?? 4}
          height={seen?.height ?? 3}
          onError={(event) => {
            event.currentTarget.style.display = "none";
            isUnshown.value = true;
          }}
        />
        {seen?.animals.map(({ box: [x0, y0, x1, y1], species }, n) => (
          <rect
            key={n}
            class={n === photo.animal ? "chosen" : ""}
            {...(isChoice && {
              role: "button",
              tabindex: 0,
              "aria-pressed": n === photo.animal,
              "aria-label": words.t("report.animal", { kind: words.t(`report.${species}`), n: n + 1 }),
              onKeyDown: (event: KeyboardEvent) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                onChoose(n);
              },
            })}
            x={x0}
            y={y0}
            width={x1 - x0}
            height={y1 - y0}
            vector-effect="non-scaling-stroke"
            onClick={() => onChoose(n)}
          />
        ))}
      </svg>
      {isUnshown.value && <small class="soft">{words.t("report.unshown")}</small>}
    </>
  );
}
