import { localTime } from "./when";

interface Given {
  label: string;
  given: string;
  name?: string;
  onInput?: (moment: string) => void;
}

/** A day and a time, neither of which has still to come. */
export function MomentInput({ label, given, name, onInput }: Given) {
  return (
    <label class="field">
      {label}
      <input
        type="datetime-local"
        name={name}
        defaultValue={given}
        max={localTime(new Date())}
        onInput={({ currentTarget }) => {
          currentTarget.max = localTime(new Date()); // the form may have lain open for hours
          onInput?.(currentTarget.value);
        }}
      />
    </label>
  );
}
