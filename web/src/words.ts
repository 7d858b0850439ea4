// The reader's language: texts, plural forms, times, distances.
import { en } from "./texts/en";
import { ru } from "./texts/ru";

type Key = keyof typeof en;
type PluralKey = { [K in Key]: K extends `${infer Base}.one` ? Base : never }[Key];
type SlavicForm = `${PluralKey}.${"few" | "many"}`;
export type Texts = Record<Key, string> & Partial<Record<SlavicForm, string>>;
export type Values = Record<string, string | number>;

const LANGUAGES: Record<string, Texts> = { en, ru };
/** Our English is British: 24 November, 02:10. */
const LOCALES: Record<string, string> = { en: "en-GB" };
/** The server, which makes the board and other pages itself, reads it too. */
const COOKIE = "homeward-language";
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const YEAR_S = 365 * DAY_S;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["hour", HOUR_S],
  ["minute", 60],
];

export class Words {
  // made once: a browser takes longer to make one than to format a page of matches
  private readonly relative: Intl.RelativeTimeFormat;
  private readonly plural: Intl.PluralRules;
  private readonly numbers = new Map<number, Intl.NumberFormat>();
  private readonly dayOnly: Intl.DateTimeFormat;
  private readonly dayAndTime: Intl.DateTimeFormat;

  constructor(readonly language: string) {
    this.relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    this.plural = new Intl.PluralRules(language);
    const locale = LOCALES[language] ?? language;
    this.dayOnly = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long" });
    this.dayAndTime = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
  }

  t(key: Key, values: Values = {}): string {
    return fill(this.texts[key], values);
  }

  /** What somebody said with one tap, in the reader's language; what was written by hand as it is. */
  said(text: string, key: Key): string {
    return Object.values(LANGUAGES).some((texts) => texts[key] === text) ? this.t(key) : text;
  }

  /** The form that the language wants for `n`. */
  count(key: PluralKey, n: number): string {
    const form = `${key}.${this.form(n)}` as Key;
    return fill(this.texts[form] ?? this.texts[`${key}.other` as Key], { n: this.number(n) });
  }

  /** The plural form that the language wants for `n`: one, few, many, other. */
  form(n: number): Intl.LDMLPluralRule {
    return this.plural.select(n);
  }

  number(n: number, digits = 0): string {
    let format = this.numbers.get(digits);
    if (!format) {
      format = new Intl.NumberFormat(this.language, { maximumFractionDigits: digits });
      this.numbers.set(digits, format);
    }
    return format.format(n);
  }

  /** 97% in English, 97 % in Russian; nothing is ever certain. */
  percent(degree: number): string {
    if (degree > 0.99) return this.t("unit.percent", { n: ">\u202f99" });
    return degree < 0.01 ? this.t("unit.percent", { n: "<\u202f1" }) : this.share(degree);
  }

  /** 40% in English, 40 % in Russian, of what may be nothing or all. */
  share(part: number): string {
    return this.t("unit.percent", { n: Math.round(part * 100) });
  }

  /** 600 m, 1.2 km, 14 km. */
  distance(km: number): string {
    if (km < 1) return this.t("unit.m", { n: this.number(Math.max(50, Math.round(km * 20) * 50)) });
    return this.t("unit.km", { n: this.number(km, km < 10 ? 1 : 0) });
  }

  /** 3 hours ago; yesterday and before by the reader's calendar. */
  ago(moment: string | number): string {
    const [now, then] = [new Date(), new Date(moment)];
    const seconds = (now.getTime() - then.getTime()) / 1000;
    if (seconds >= DAY_S) return this.relative.format(dayOf(then) - dayOf(now), "day");
    const step = STEPS.find(([, length]) => seconds >= length);
    return step ? this.relative.format(-Math.round(seconds / step[1]), step[0]) : this.t("unit.now");
  }

  /** 24 November */
  day(moment: string): string {
    return this.dayOnly.format(new Date(moment));
  }

  /** 24 November, 02:10 */
  exact(moment: string): string {
    return this.dayAndTime.format(new Date(moment));
  }

  private get texts(): Texts {
    return LANGUAGES[this.language] ?? en;
  }
}

/** The number of the day that the reader's calendar shows; a day of 23 hours is one too. */
function dayOf(moment: Date): number {
  return Date.UTC(moment.getFullYear(), moment.getMonth(), moment.getDate()) / (DAY_S * 1000);
}

/** A text with its values. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The language that the reader chose, else the first of the browser's that we speak. */
export function readersLanguage(): string {
  const [, chosen] = new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(document.cookie) ?? [];
  const wished = [chosen ?? "", ...navigator.languages].map((each) => each.split("-")[0] ?? "");
  return wished.find((each) => each in LANGUAGES) ?? "en";
}

export function chooseLanguage(language: string): void {
  document.cookie = `${COOKIE}=${language}; path=/; max-age=${YEAR_S}; samesite=lax`;
  location.reload();
}
