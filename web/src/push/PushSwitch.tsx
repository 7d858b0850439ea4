import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem, type Server } from "../api";
import { useWords } from "../ui/context";
import { type PushState, pushState, refreshPush, startPush, stopPush } from "./push";

/** News of one report on this device, on and off with a tap; a sentence where the browser cannot. */
export function PushSwitch({ server, reportId }: { server: Server; reportId: string }) {
  const words = useWords();
  const state = useSignal<PushState>("unknown");
  const trouble = useSignal("");
  const look = () => pushState(reportId).then((found) => (state.value = found));
  useEffect(() => {
    void look();
    void refreshPush(server, reportId).catch(() => {}); // the next visit tries again
  }, [reportId]);

  const attempt = async (work: () => Promise<unknown>) => {
    trouble.value = "";
    try {
      await work();
    } catch (error) {
      trouble.value = (error instanceof Problem && error.message) || words.t("push.failed");
    }
    await look();
  };
  if (state.value === "unknown" || state.value === "unsupported") return null;
  if (state.value === "install" || state.value === "denied") return <p class="soft">{words.t(`push.${state.value}`)}</p>;
  const isOn = state.value === "on";
  return (
    <>
      <button
        class="plain"
        aria-pressed={isOn}
        onClick={() => void attempt(() => (isOn ? stopPush(server, reportId) : startPush(server, reportId)))}
      >
        {words.t(isOn ? "push.stop" : "push.start")}
      </button>
      {trouble.value && (
        <p class="notice" role="alert">
          {trouble.value}
        </p>
      )}
    </>
  );
}
