import { useSignal } from "@preact/signals";
import { useWords } from "../ui/context";
import type { Words } from "../words";
import type { Case } from "./case";
import {
  CRITERIA,
  type Criterion,
  DEGREES,
  districtCounts,
  EVERYTHING,
  type Filter,
  isActive,
  NO_DISTRICT,
  RADII_KM,
  type Sort,
  SORTS,
  type Source,
  VERDICTS,
} from "./filters";
import { Views } from "./Views";

/** Order, filter, and list or map; says what the filter hides, and takes it away with one tap. */
export function FilterBar({ owned }: { owned: Case }) {
  const words = useWords();
  const isOpen = useSignal(false);
  const hidden = owned.matches.value.length - owned.shown.value.length;
  return (
    <section class="filters">
      <div class="filter-line">
        <label class="sort">
          <span class="soft">{words.t("sort.label")}</span>
          <select
            value={owned.sort.value}
            onChange={(event) => owned.choose(owned.filter.value, event.currentTarget.value as Sort)}
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {words.t(`sort.${sort}`)}
              </option>
            ))}
          </select>
        </label>
        <button aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
          {words.t("filter.title")}
          {owned.hiddenBy.value.length > 0 && ` · ${owned.hiddenBy.value.length}`}
        </button>
        <Views owned={owned} />
      </div>
      {isOpen.value && <Choices owned={owned} onDone={() => (isOpen.value = false)} />}
      <Active owned={owned} />
      {hidden > 0 && (
        <p class="hidden" role="status">
          {words.count("owner.hidden", hidden)}{" "}
          <span class="soft">
            ({owned.hiddenBy.value
              .map(([criterion, n]) => words.t("owner.hidden_by", { filter: words.t(NAMES[criterion]), n }))
              .join(", ")})
          </span>{" "}
          <button class="plain" onClick={() => owned.choose(EVERYTHING)}>
            {words.t("owner.clear")}
          </button>
        </p>
      )}
    </section>
  );
}

/** What is chosen, each taken away with one tap. */
function Active({ owned }: { owned: Case }) {
  const words = useWords();
  const filter = owned.filter.value;
  const active = CRITERIA.filter((criterion) => isActive(filter, criterion));
  if (active.length === 0) return null;
  return (
    <ul class="active">
      {active.map((criterion) => (
        <li key={criterion}>
          <button
            class="chip"
            aria-label={words.t("filter.take_away", { filter: told(words, filter, criterion) })}
            onClick={() => owned.choose({ ...filter, [criterion]: EVERYTHING[criterion] })}
          >
            {told(words, filter, criterion)} <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
      {active.length > 1 && (
        <li>
          <button class="plain" onClick={() => owned.choose(EVERYTHING)}>
            {words.t("filter.clear")}
          </button>
        </li>
      )}
    </ul>
  );
}

/** A criterion in words: within 5 km, from 3 May. */
function told(words: Words, filter: Filter, criterion: Criterion): string {
  const name = words.t(NAMES[criterion]);
  const { districts, maxKm, since, until, least, source, verdict } = filter;
  const value: Record<Criterion, string> = {
    districts: districts.map((each) => (each === NO_DISTRICT ? words.t("filter.no_district") : each)).join(", "),
    maxKm: words.distance(maxKm ?? 0),
    since: since ? words.day(`${since}T12:00`) : "",
    until: until ? words.day(`${until}T12:00`) : "",
    least: words.percent(least ?? 0),
    source: source ? words.t(`source.${source}`) : "",
    verdict: verdict ? words.t(verdict === "none" ? "filter.open" : `verdict.${verdict}`) : "",
  };
  return `${name}: ${value[criterion]}`;
}

const NAMES = {
  districts: "filter.district",
  maxKm: "filter.radius",
  since: "filter.since",
  until: "filter.until",
  least: "filter.least",
  source: "filter.source",
  verdict: "filter.verdict",
} as const satisfies Record<Criterion, string>;

function Choices({ owned, onDone }: { owned: Case; onDone: () => void }) {
  const words = useWords();
  const filter = owned.filter.value;
  const set = (change: Partial<Filter>) => owned.choose({ ...filter, ...change });
  const toggled = (district: string) =>
    filter.districts.includes(district)
      ? filter.districts.filter((each) => each !== district)
      : [...filter.districts, district];
  return (
    <div class="choices">
      <fieldset>
        <legend>{words.t("filter.district")}</legend>
        {districtCounts(owned.matches.value, filter).map(([district, count]) => (
          <button
            key={district}
            class="chip"
            aria-pressed={filter.districts.includes(district)}
            onClick={() => set({ districts: toggled(district) })}
          >
            {district === NO_DISTRICT ? words.t("filter.no_district") : district} <small>{count}</small>
          </button>
        ))}
      </fieldset>
      <div class="choice-grid">
        <Choice
          label={words.t("filter.radius")}
          any={words.t("filter.any_radius")}
          value={filter.maxKm}
          options={RADII_KM.map((km) => [km, words.distance(km)])}
          onChange={(maxKm) => set({ maxKm })}
        />
        <Choice
          label={words.t("filter.least")}
          any={words.t("filter.any_degree")}
          value={filter.least}
          options={DEGREES.map((degree) => [degree, `${words.percent(degree)}, ${wordOf(words, degree)}`])}
          onChange={(least) => set({ least })}
        />
        <Choice<Source>
          label={words.t("filter.source")}
          any={words.t("filter.any_source")}
          value={filter.source}
          options={[
            ["person", words.t("source.person")],
            ["camera", words.t("source.camera")],
          ]}
          onChange={(source) => set({ source })}
        />
        <Choice<NonNullable<Filter["verdict"]>>
          label={words.t("filter.verdict")}
          any={words.t("filter.any_verdict")}
          value={filter.verdict}
          options={[
            ["none", words.t("filter.open")],
            ...VERDICTS.map((verdict) => [verdict, words.t(`verdict.${verdict}`)] as [typeof verdict, string]),
          ]}
          onChange={(verdict) => set({ verdict })}
        />
        <DayChoice label={words.t("filter.since")} value={filter.since} onChange={(since) => set({ since })} />
        <DayChoice label={words.t("filter.until")} value={filter.until} onChange={(until) => set({ until })} />
      </div>
      <button class="main" onClick={onDone}>
        {words.t("filter.done")}
      </button>
    </div>
  );
}

interface ChoiceProps<T> {
  label: string;
  any: string;
  value: T | null;
  options: [T, string][];
  onChange: (value: T | null) => void;
}

function Choice<T extends string | number>({ label, any, value, options, onChange }: ChoiceProps<T>) {
  const every = options.some(([each]) => each === value) || value === null ? options : [...options, [value, String(value)] as [T, string]];
  return (
    <label>
      <span class="soft">{label}</span>
      <select
        value={value === null ? "" : String(value)}
        onChange={(event) => {
          const chosen = every.find(([each]) => String(each) === event.currentTarget.value);
          onChange(chosen ? chosen[0] : null);
        }}
      >
        <option value="">{any}</option>
        {every.map(([each, shown]) => (
          <option key={each} value={String(each)}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  );
}

function DayChoice({ label, value, onChange }: { label: string; value: string | null; onChange: (day: string | null) => void }) {
  return (
    <label>
      <span class="soft">{label}</span>
      <input type="date" value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value || null)} />
    </label>
  );
}

function wordOf(words: Words, degree: number): string {
  if (degree >= 0.9) return words.t("degree.very_likely");
  return words.t(degree >= 0.6 ? "degree.likely" : "degree.possible");
}
