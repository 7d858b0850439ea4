import { useSignal } from "@preact/signals";
import { useWords } from "./context";

/** A secret link, to be copied or sent as the device does; where it does neither, to be read. */
export function LinkBox({ link }: { link: string }) {
  const words = useWords();
  const isCopied = useSignal(false);
  return (
    <>
      <output class="link">{link}</output>
      <div class="actions">
        {"clipboard" in navigator && (
          <button
            type="button"
            onClick={() => {
              void navigator.clipboard.writeText(link).then(() => (isCopied.value = true));
            }}
          >
            {words.t(isCopied.value ? "report.copied" : "report.copy")}
          </button>
        )}
        {"share" in navigator && (
          <button type="button" onClick={() => void navigator.share({ url: link }).catch(() => {})}>
            {words.t("report.share")}
          </button>
        )}
      </div>
    </>
  );
}
