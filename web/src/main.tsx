import "./tokens.css";
import "./base.css";
import "./board/board.css";
import "./owner/owner.css";
import "./owner/map/map.css";
import "./poster/poster.css";
import "./report/report.css";
import "./talk/talk.css";
import { render } from "preact";
import { Suspense } from "preact/compat";
import { Problem } from "./api";
import { FinderPage } from "./finder/FinderPage";
import { FrontPage } from "./front/FrontPage";
import { OwnerPage } from "./owner/OwnerPage";
import type { Shelf } from "./report/send";
import { base, launch } from "./telegram/telegram";
import { Frame } from "./ui/Frame";
import { lateScreen } from "./ui/late";
import { wasReached } from "./ui/reached";
import { readToken } from "./ui/token";
import { Trouble } from "./ui/Trouble";
import { readersLanguage } from "./words";

// what an owner's link does not need does not make it wait
const DeskPage = lateScreen(() => import("./desk/DeskPage").then((module) => module.default));
const PosterPage = lateScreen(() => import("./poster/PosterPage").then((module) => module.PosterPage));
const ReportPage = lateScreen(() => import("./report/ReportPage").then((module) => module.ReportPage));
const ConfirmPage = lateScreen(() => import("./email/EmailPages").then((module) => module.ConfirmPage));
const StopPage = lateScreen(() => import("./email/EmailPages").then((module) => module.StopPage));

const token = launch() ?? readToken();
// a link that was pasted into an open page changes only what stands behind the #
addEventListener("hashchange", () => readToken() && location.reload());

function Page() {
  const path = location.pathname.slice(base.length);
  const [, shelf, id, poster] = /^\/(lost|found)\/(\w+)(\/poster)?$/.exec(path) ?? [];
  if (id === "new") return <ReportPage shelf={shelf as Shelf} />;
  if (shelf === "lost" && poster) return <PosterPage id={id!} />;
  if (shelf === "lost") return <OwnerPage id={id!} token={token} />;
  if (shelf === "found") return <FinderPage id={id!} token={token} />;
  if (location.pathname === "/email") return <ConfirmPage token={token} />;
  if (location.pathname === "/api/v1/email/stop") return <StopPage />;
  if (location.pathname === "/desk") return <DeskPage token={token} />;
  if (location.pathname === "/") return <FrontPage />;
  return <Trouble problem={wasReached() ? new Problem(404, "not_found", "") : new Problem(0, "unreachable", "")} />;
}

document.documentElement.lang = readersLanguage();
const root = document.getElementById("app")!;
root.textContent = "";
render(
  <Frame>
    <Suspense fallback={<div class="skeleton line" aria-busy="true" />}>
      <Page />
    </Suspense>
  </Frame>,
  root,
);

if (import.meta.env.PROD) void navigator.serviceWorker?.register("/sw.js");
