import { useSignal } from "@preact/signals";
import { useWords } from "../ui/context";

/** The way back to one's page for those who have the link and no browser that knows it: a page on a home screen. */
export function PasteLink() {
  const words = useWords();
  const isWrong = useSignal(false);
  return (
    <form
      class="address"
      onSubmit={(event) => {
        event.preventDefault();
        const link = linkIn(String(new FormData(event.currentTarget).get("link")));
        isWrong.value = !link;
        if (link) location.assign(link);
      }}
    >
      <h2>{words.t("front.filed")}</h2>
      <p class="soft">{words.t("front.filed_text")}</p>
      <label class="field">
        {words.t("front.your_link")}
        <input name="link" required maxLength={1000} inputMode="url" autoComplete="off" />
      </label>
      <button>{words.t("front.open")}</button>
      {isWrong.value && (
        <p class="notice" role="alert">
          {words.t("front.no_link")}
        </p>
      )}
    </form>
  );
}

/** The part of a pasted link that opens a page here, whatever words stand around it. */
function linkIn(pasted: string): string | null {
  const [, path, token] = /(\/(?:lost|found)\/\w+)(?:\?[^\s#]*)?#token=([\w.-]*\w)/.exec(pasted) ?? [];
  return path && token ? `${path}#token=${token}` : null;
}
