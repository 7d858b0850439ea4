import type { ComponentChildren } from "preact";
import type { Report } from "../api";
import { useWords } from "../ui/context";

/** Why a notice on the public board has no picture; what its sender can do about it stands in it. */
export function NoPicture({ report, children }: { report: Report; children?: ComponentChildren }) {
  const words = useWords();
  const isListed = report.listed && report.status === "open";
  if (!isListed || report.photos.some((photo) => photo.board_may_show !== false)) return null;
  return (
    <div class="notice" role="status">
      <p>{words.t("owner.no_picture")}</p>
      {children}
    </div>
  );
}
