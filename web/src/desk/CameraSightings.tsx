import { useSignal } from "@preact/signals";
import type { Items, Sighting } from "./api";
import { Shown, Sure, useLoaded, useSeat } from "./parts";
import { useDeskWords } from "./words";

const SHOWN = 60;

/** What a camera sent, newest first, each to be erased; or all of it. */
export function CameraSightings({ id, changed }: { id: string; changed: () => Promise<void> }) {
  const words = useDeskWords();
  const { desk } = useSeat();
  const erased = useSignal(0);
  const loaded = useLoaded(() => desk.get<Items<Sighting>>(`/cameras/${id}/sightings?limit=${SHOWN}`), [id]);
  const eraseAll = async () => {
    let isMore = true;
    while (isMore) {
      const went = (await desk.remove(`/cameras/${id}/sightings`)) as { erased: number; left: boolean };
      erased.value += went.erased;
      isMore = went.left;
    }
    await loaded.again();
    await changed();
  };
  return (
    <Shown loaded={loaded}>
      {({ items }) => (
        <div class="sightings">
          {erased.value > 0 && <p role="status">{words.count("cameras.erased", erased.value)}</p>}
          {items.length === 0 ? (
            <p class="soft">{words.t("cameras.sent_none")}</p>
          ) : (
            <>
              <ul class="thumbs">
                {items.map((each) => (
                  <li key={each.id}>
                    {each.photo && <img src={each.photo.thumb} alt={words.words.exact(each.happened_at)} loading="lazy" />}
                    <time dateTime={each.happened_at} title={words.words.exact(each.happened_at)}>
                      {words.words.ago(each.happened_at)}
                    </time>
                    <button
                      class="plain"
                      aria-label={`${words.t("cameras.erase")}: ${words.words.exact(each.happened_at)}`}
                      onClick={() => void desk.remove(`/cameras/${id}/sightings/${each.id}`).then(loaded.again)}
                    >
                      {words.t("cameras.erase")}
                    </button>
                  </li>
                ))}
              </ul>
              <Sure label={words.t("cameras.erase_all")} question={words.t("cameras.erase_sure")} act={eraseAll} />
            </>
          )}
        </div>
      )}
    </Shown>
  );
}
