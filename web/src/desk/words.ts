// The desk's own texts, beside the page's words for times and numbers.
import { useMemo } from "preact/hooks";
import { useWords } from "../ui/context";
import { fill, type Values, type Words } from "../words";
import { en } from "./texts/en";
import { ru } from "./texts/ru";

export type DeskKey = keyof typeof en;
type PluralKey = { [K in DeskKey]: K extends `${infer Base}.one` ? Base : never }[DeskKey];
export type DeskTexts = Record<DeskKey, string> & Partial<Record<`${PluralKey}.${"few" | "many"}`, string>>;

const LANGUAGES: Record<string, DeskTexts> = { en, ru };
const UNITS = ["megabyte", "gigabyte", "terabyte"];

export class DeskWords {
  constructor(readonly words: Words) {}

  t(key: DeskKey, values: Values = {}): string {
    return fill(this.texts[key], values);
  }

  /** The text of a name that the server made up, or the name where there is none. */
  named(group: string, name: string): string {
    return this.texts[`${group}.${name}` as DeskKey] ?? name;
  }

  count(key: PluralKey, n: number): string {
    const form = `${key}.${this.words.form(n)}` as DeskKey;
    return fill(this.texts[form] ?? this.texts[`${key}.other` as DeskKey], { n: this.words.number(n) });
  }

  /** In 3 days. */
  soon(moment: string): string {
    const days = Math.ceil((new Date(moment).getTime() - Date.now()) / 86_400_000);
    return new Intl.RelativeTimeFormat(this.words.language, { numeric: "auto" }).format(days, "day");
  }

  /** 1.2 GB */
  bytes(n: number): string {
    const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(n, 1)) / 3) - 2));
    const unit = UNITS[step]!;
    const value = n / 1000 ** (step + 2);
    return new Intl.NumberFormat(this.words.language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  }

  private get texts(): DeskTexts {
    return LANGUAGES[this.words.language] ?? en;
  }
}

export function useDeskWords(): DeskWords {
  const words = useWords();
  return useMemo(() => new DeskWords(words), [words]);
}
