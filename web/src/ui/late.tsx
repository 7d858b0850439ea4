// Parts of the page that are loaded once they are needed.
import type { ComponentType, FunctionComponent } from "preact";
import { lazy } from "preact/compat";
import { Problem } from "../api";
import { useWords } from "./context";
import { Trouble } from "./Trouble";

/**
 * The component, once its file is there. Without a network, or where a newer page took the file's place on the server, a
 * line says so instead; a reload brings what is there now.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return orElse(load, Missing);
}

/** The same for a whole screen: nothing else is on it, so it is loaded again by itself once there is a network. */
export function lateScreen<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return orElse(load, MissingScreen);
}

function orElse<Props extends object>(load: () => Promise<ComponentType<Props>>, missing: FunctionComponent) {
  return lazy(() => load().then((found) => ({ default: found }), () => ({ default: missing as ComponentType<Props> })));
}

const MissingScreen: FunctionComponent = () => {
  return navigator.onLine ? <Missing /> : <Trouble problem={new Problem(0, "unreachable", "")} />;
};

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
