import { useWords } from "../ui/context";
import type { GroundKind } from "./ground";

/** Which ground the map has, and whose it is. */
export function GroundNote({ kind }: { kind: GroundKind | null }) {
  const words = useWords();
  if (!kind) return null;
  return (
    <p class="soft ground-note">
      {words.t(`map.ground_${kind}`)}{" "}
      {(kind === "elsewhere" || kind === "own") && (
        <a href="https://www.openstreetmap.org/copyright" rel="noreferrer">
          {words.t("map.credit")}
        </a>
      )}
    </p>
  );
}
