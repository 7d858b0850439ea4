import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../ui/context";

const NAME = "happened_at";
const TICK_MS = 20_000;

/** When it happened: now, until somebody says otherwise. Now is not sent: the server's clock tells it, whatever the device's shows. */
export function WhenField({ given }: { given: string | undefined }) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const ticking = setInterval(() => {
      if (input.current && !input.current.name) input.current.value = localNow(); // what is shown is what is meant
    }, TICK_MS);
    return () => clearInterval(ticking);
  }, []);
  return (
    <label class="field">
      {words.t("report.when")}
      <input
        ref={input}
        type="datetime-local"
        name={given === undefined ? "" : NAME} // without a name it is no part of the form
        defaultValue={given ?? localNow()}
        max={localNow()}
        onInput={({ currentTarget }) => {
          currentTarget.name = NAME;
          currentTarget.max = localNow(); // the form may have lain open for hours
        }}
      />
    </label>
  );
}

function localNow(): string {
  return localTime(new Date());
}

/** As a datetime-local input wants it. */
export function localTime(moment: Date): string {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
