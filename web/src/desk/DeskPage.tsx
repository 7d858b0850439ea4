import "./desk.css";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Problem } from "../api";
import { useWords } from "../ui/context";
import { useTitle } from "../ui/title";
import { dropToken } from "../ui/token";
import { Desk, type Me } from "./api";
import { CameraDesk } from "./CameraDesk";
import { HealthDesk } from "./HealthDesk";
import { LogDesk } from "./LogDesk";
import { ModelDesk } from "./ModelDesk";
import { PairDesk } from "./PairDesk";
import { asProblem, SeatContext } from "./parts";
import { PeopleDesk } from "./PeopleDesk";
import { PetitionDesk } from "./PetitionDesk";
import { ReportDesk } from "./ReportDesk";
import { SignIn } from "./SignIn";
import { useDeskWords } from "./words";

const TABS = {
  pairs: PairDesk,
  reports: ReportDesk,
  petitions: PetitionDesk,
  cameras: CameraDesk,
  models: ModelDesk,
  health: HealthDesk,
  people: PeopleDesk,
  log: LogDesk,
};
type Tab = keyof typeof TABS;
const COUNTED = ["pairs", "reports", "petitions"] as const;
const RECOUNT_MS = 60_000;

/** The desk of a server: for operators all of it, for volunteers the pairs. `token` is the key of a link. */
export default function DeskPage({ token }: { token: string | null }) {
  const words = useWords();
  useTitle(useDeskWords().t("title"));
  const desk = useMemo(() => new Desk(words.language), []);
  const me = useSignal<Me | null>(null);
  const problem = useSignal<Problem | null>(null);
  const isAsked = useSignal(false);
  const recount = async () => {
    try {
      me.value = await desk.get<Me>("/desk/me");
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.status === 401) me.value = null;
    }
    isAsked.value = true;
  };
  const enter = async (key: string | null) => {
    problem.value = null;
    try {
      if (key) await desk.signIn(key);
      dropToken();
      await recount();
    } catch (error) {
      problem.value = asProblem(error);
      if (problem.value.status !== 0) dropToken();
      isAsked.value = true;
    }
  };
  useEffect(() => void enter(token), []);
  useEffect(() => {
    const timer = setInterval(() => me.value && void recount(), RECOUNT_MS);
    return () => clearInterval(timer);
  }, []);
  if (!isAsked.value) return <div class="skeleton line" aria-busy="true" />;
  if (!me.value || desk.isOver.value) {
    const wasIn = me.value !== null;
    return <SignIn problem={problem.value} wasIn={wasIn} isGiven={token !== null} enter={enter} />;
  }
  const leave = async () => {
    await desk.remove("/desk/session");
    me.value = null;
    problem.value = null;
  };
  return (
    <SeatContext.Provider value={{ desk, me: me.value, recount: () => void recount() }}>
      <Room me={me.value} leave={() => void leave()} />
    </SeatContext.Provider>
  );
}

function Room({ me, leave }: { me: Me; leave: () => void }) {
  const words = useDeskWords();
  const [tab, hash] = useTab(me);
  const Screen = TABS[tab];
  return (
    <div class={`desk ${me.role}`}>
      <header class="desk-who">
        <p>
          <b>{me.name}</b> <span class="soft">{words.t(`role.${me.role}`)}</span>
        </p>
        <button class="plain" onClick={leave}>
          {words.t("sign.out")}
        </button>
      </header>
      {me.role === "operator" && (
        <nav class="desk-tabs" aria-label={words.t("title")}>
          {(Object.keys(TABS) as Tab[]).map((each) => (
            <a key={each} href={`#${each}`} aria-current={each === tab ? "page" : undefined}>
              {words.t(`tab.${each}`)}
              <Count n={me.waiting[each as (typeof COUNTED)[number]] ?? 0} />
            </a>
          ))}
        </nav>
      )}
      <section class="desk-room">
        <Screen key={tab + hash} />
      </section>
    </div>
  );
}

function Count({ n }: { n: number }) {
  return n > 0 ? <span class="count-mark">{n > 99 ? "99+" : n}</span> : null;
}

/** The screen that the address names, and the address itself; volunteers have but one screen. */
function useTab(me: Me): [Tab, string] {
  const hash = useSignal(location.hash);
  const first = useMemo<Tab>(() => (me.waiting.reports ? "reports" : "pairs"), []);
  const tab = me.role === "volunteer" ? "pairs" : (named(hash.value) ?? first);
  useEffect(() => {
    const follow = () => (hash.value = location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [tab, hash.value];
}

function named(hash: string): Tab | null {
  const name = hash.slice(1).split("/")[0] ?? "";
  return name in TABS ? (name as Tab) : null;
}
