import { ask } from "../api";
import { useWords } from "../ui/context";
import { AddressForm } from "./AddressForm";

/** Links that were lost or do not open come again by letter, to whoever gave an address. */
export function LostLink() {
  const words = useWords();
  return (
    <AddressForm
      title={words.t("email.lost_link")}
      text={words.t("email.lost_link_text")}
      button={words.t("email.send_links")}
      done={(email) => words.t("email.links_sent", { email })}
      send={(email) => ask("/email/links", { email }, words.language)}
    />
  );
}
