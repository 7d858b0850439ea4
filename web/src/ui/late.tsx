// Parts of the page that are loaded once they are needed.
import type { ComponentType, FunctionComponent } from "preact";
import { lazy } from "preact/compat";
import { Problem } from "../api";
import { useWords } from "./context";
import { isReached, wasReached } from "./reached";
import { Trouble } from "./Trouble";

/**
 * The component, once its file is there. Without a network, or where a newer page took the file's place on the server, a
 * line says so instead; a reload brings what is there now.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return orElse(load, Unreached, Gone);
}

/** The same for a whole screen: nothing else is on it, so it is loaded again by itself once there is a network. */
export function lateScreen<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return orElse(load, () => <Trouble problem={new Problem(0, "unreachable", "")} />, Gone);
}

function orElse<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  unreached: FunctionComponent,
  gone: FunctionComponent,
): ComponentType<Props> {
  // an old document that was kept for want of a network says nothing of newer versions
  const missing = async () => (wasReached() && (await isReached()) ? gone : unreached) as ComponentType<Props>;
  return lazy(async () => ({ default: await load().catch(missing) }));
}

const Unreached: FunctionComponent = () => <Missing why="problem.part_offline" />;
const Gone: FunctionComponent = () => <Missing why="problem.part" />;

function Missing({ why }: { why: "problem.part_offline" | "problem.part" }) {
  const words = useWords();
  return (
    <p class="notice" role="alert">
      {words.t(why)}{" "}
      <button class="plain" onClick={() => location.reload()}>
        {words.t("problem.again")}
      </button>
    </p>
  );
}
