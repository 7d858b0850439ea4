// Parts of the page that are loaded once they are needed.
import type { ComponentType, FunctionComponent } from "preact";
import { lazy } from "preact/compat";
import { useWords } from "./context";

/**
 * The component, once its file is there. Without a network, or where a newer page took the file's place on the server, a
 * line says so instead; a reload brings what is there now.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const missing = Missing as ComponentType<Props>;
  return lazy(() => load().then((found) => ({ default: found }), () => ({ default: missing })));
}

const Missing: FunctionComponent = () => {
  const words = useWords();
  return (
    <p class="notice" role="alert">
      {words.t(navigator.onLine ? "problem.part" : "problem.part_offline")}{" "}
      <button class="plain" onClick={() => location.reload()}>
        {words.t("problem.again")}
      </button>
    </p>
  );
};
