import { useSignal } from "@preact/signals";
import type { Report } from "../api";
import { useWords } from "../ui/context";
import { AddPhotos, type Send } from "./AddPhotos";

/** Why a notice on the public board has no picture, and where its sender adds one; it stays until all that was chosen there is added. */
export function NoPicture({ report, onAdd }: { report: Report; onAdd?: Send }) {
  const words = useWords();
  const isAdding = useSignal(false);
  const isListed = report.listed && report.status === "open";
  const isSeen = report.photos.some((photo) => photo.board_may_show !== false);
  if ((!isListed || isSeen) && !isAdding.value) return null;
  return (
    <div class="notice" role="status">
      {!isSeen && <p>{words.t("owner.no_picture")}</p>}
      {onAdd && <AddPhotos photos={report.photos} onAdd={onAdd} isAdding={isAdding} />}
    </div>
  );
}
