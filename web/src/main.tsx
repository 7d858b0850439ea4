import "./tokens.css";
import "./base.css";
import "./board/board.css";
import "./owner/owner.css";
import "./owner/map/map.css";
import "./poster/poster.css";
import "./report/report.css";
import "./talk/talk.css";
import { render } from "preact";
import { lazy, Suspense } from "preact/compat";
import { Problem } from "./api";
import { ConfirmPage, StopPage } from "./email/EmailPages";
import { FinderPage } from "./finder/FinderPage";
import { FrontPage } from "./front/FrontPage";
import { OwnerPage } from "./owner/OwnerPage";
import { PosterPage } from "./poster/PosterPage";
import { ReportPage } from "./report/ReportPage";
import type { Shelf } from "./report/send";
import { base, launch } from "./telegram/telegram";
import { Frame } from "./ui/Frame";
import { takeToken } from "./ui/token";
import { Trouble } from "./ui/Trouble";
import { readersLanguage } from "./words";

const DeskPage = lazy(() => import("./desk/DeskPage"));

const launched = launch();

function Page() {
  const path = location.pathname.slice(base.length);
  const [, shelf, id, poster] = /^\/(lost|found)\/(\w+)(\/poster)?$/.exec(path) ?? [];
  if (id === "new") return <ReportPage shelf={shelf as Shelf} />;
  if (shelf === "lost" && poster) return <PosterPage id={id!} />;
  if (shelf === "lost") return <OwnerPage id={id!} token={launched ?? takeToken()} />;
  if (shelf === "found") return <FinderPage id={id!} token={launched ?? takeToken()} />;
  if (location.pathname === "/email") return <ConfirmPage token={takeToken()} />;
  if (location.pathname === "/api/v1/email/stop") return <StopPage />;
  if (location.pathname === "/desk") {
    return (
      <Suspense fallback={<div class="skeleton line" aria-busy="true" />}>
        <DeskPage token={takeToken()} />
      </Suspense>
    );
  }
  if (location.pathname === "/") return <FrontPage />;
  return <Trouble problem={new Problem(404, "not_found", "")} />;
}

document.documentElement.lang = readersLanguage();
const root = document.getElementById("app")!;
root.textContent = "";
render(
  <Frame>
    <Page />
  </Frame>,
  root,
);

if (import.meta.env.PROD) void navigator.serviceWorker?.register("/sw.js");
