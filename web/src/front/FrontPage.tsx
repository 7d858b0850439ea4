import { ask } from "../api";
import { AddressForm } from "../email/AddressForm";
import { useWords } from "../ui/context";

export function FrontPage() {
  const words = useWords();
  return (
    <section class="front">
      <h1>{words.t("front.title")}</h1>
      <p class="lead">{words.t("front.text")}</p>
      <p class="actions">
        <a class="button main" href="/lost/new">
          {words.t("front.lost")}
        </a>
        <a class="button" href="/found/new">
          {words.t("front.found")}
        </a>
      </p>
      <p>
        <a href="/board">{words.t("front.board")}</a>
      </p>
      <p>{words.t("front.link")}</p>
      <AddressForm
        title={words.t("email.lost_link")}
        text={words.t("email.lost_link_text")}
        button={words.t("email.send_links")}
        done={(email) => words.t("email.links_sent", { email })}
        send={(email) => ask("/email/links", { email }, words.language)}
      />
      <p>
        <a class="soft" href="/api/docs">
          {words.t("front.api")}
        </a>
      </p>
    </section>
  );
}
