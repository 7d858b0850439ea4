// The owner's matches on a map: follows the signals of the case, and says what was tapped.
import { effect, signal } from "@preact/signals";
import { type GeoJSONSource, type Map as MapLibre, type MapGeoJSONFeature, type PointLike } from "maplibre-gl";
import type { Match } from "../../api";
import { extent, type LonLat, MOST_ZOOM, NOTHING } from "../../map/ground";
import { drawMark, PIXELS } from "../../map/marks";
import type { Case } from "../case";
import { cameras, circle, collection, line, lonLat, markOf, placed, point, points, way } from "./data";
import { rings } from "./fan";
import { addLayers, CAMERAS, FAN, HOME, LATEST, MATCHES, RADIUS, SELECTED, TAPPED, WAY } from "./layers";
import type { Timeline } from "./timeline";

const FAR_ZOOM = 14;
const EDGE_PX = 88;
const FINGER_PX = 12;
const MOST_IN_FAN = 40;
const BEST = 20;
/** About ten metres: what lies closer is one place. */
const ONE_PLACE_DEGREES = 1e-4;

export class MapView {
  private readonly laid = signal(0);
  private readonly fan = signal(new Map<string, LonLat>());
  private readonly stops: (() => void)[] = [];
  private pointing = 0;

  constructor(
    private readonly map: MapLibre,
    private readonly owned: Case,
    private readonly time: Timeline,
    /** How much of the map is covered from its left and its lower edge, in pixels. */
    private readonly covered: () => { left: number; bottom: number },
    private readonly onReady: () => void,
  ) {
    map.setMissingStyleImageResolver((id) => {
      const drawn = drawMark(id);
      if (drawn && !map.hasImage(id)) map.addImage(id, drawn, PIXELS);
    });
    map.on("style.load", () => this.lay());
    map.on("click", ({ point: at }) => void this.tap(at.x, at.y));
    map.on("zoomstart", () => this.fold());
    map.on("mousemove", ({ point: at }) => this.pointSoon(at.x, at.y));
    map.once("remove", () => {
      cancelAnimationFrame(this.pointing);
      this.stops.forEach((stop) => stop());
    });
  }

  /** A mouse tells of itself far more often than the screen is drawn, and nothing is tapped while the map moves. */
  private pointSoon(x: number, y: number): void {
    if (this.map.isMoving()) return;
    cancelAnimationFrame(this.pointing);
    this.pointing = requestAnimationFrame(() => {
      this.map.getCanvas().style.cursor = this.under(x, y, 0) ? "pointer" : "";
    });
  }

  /** On a new style everything is laid anew; the first time the map is also moved to where the matches are. */
  private lay(): void {
    if (this.map.getSource(MATCHES)) return;
    addLayers(this.map);
    this.laid.value += 1;
    if (this.laid.value > 1) return;
    this.follow();
    this.fit();
    this.map.once("idle", this.onReady);
  }

  private follow(): void {
    const { owned, time } = this;
    const each = (source: string, data: () => GeoJSON.FeatureCollection) => {
      let known = ""; // each new layer is cut and drawn anew: what stays the same is left alone
      this.stops.push(
        effect(() => {
          const laid = this.laid.value;
          if (!laid) return;
          const found = data();
          const print = `${laid} ${JSON.stringify(found)}`;
          if (print !== known) void this.source(source)?.setData(found);
          known = print;
        }),
      );
    };
    each(MATCHES, () => points(time.shown.value));
    each(CAMERAS, () => cameras(time.shown.value));
    each(WAY, () => way(lonLat(owned.report.value?.place), time.shown.value));
    each(HOME, () => collection(this.centre ? [point(this.centre, {})] : []));
    each(RADIUS, () => circle(this.centre, owned.filter.value.maxKm ?? 0));
    each(FAN, () => this.fanned());
    each(SELECTED, () => this.ringed(placed(owned.shown.value).filter((match) => match.found_id === owned.selected.value)));
    each(LATEST, () => this.ringed(time.latest.value));
    this.stops.push(
      effect(() => void (time.shown.value && this.fold())),
      effect(() => this.show(owned.selected.value)),
    );
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(id);
  }

  private get centre(): LonLat | null {
    const report = this.owned.report.value;
    return lonLat(report?.home) ?? lonLat(report?.place);
  }

  private fit(): void {
    const near = placed(this.owned.shown.value.slice(0, BEST)).map((match) => lonLat(match.place)!);
    const bounds = extent(this.centre ? [...near, this.centre] : near);
    const { left, bottom } = this.covered();
    const padding = { top: EDGE_PX, left: EDGE_PX / 2 + left, right: EDGE_PX / 2, bottom: EDGE_PX / 2 + bottom };
    if (bounds) this.map.fitBounds(bounds, { padding, maxZoom: FAR_ZOOM, animate: false });
  }

  /** Move only if what was chosen cannot be seen: beside its card, which stands there a frame later. */
  private show(id: string | null): void {
    const at = lonLat(this.owned.matches.peek().find((match) => match.found_id === id)?.place);
    if (!at) return;
    afterNextFrame(() => {
      const { x, y } = this.map.project(at);
      const { clientWidth: width, clientHeight: height } = this.map.getContainer();
      const free = height - this.covered().bottom;
      const isSeen = x > EDGE_PX / 4 && x < width - EDGE_PX / 4 && y > EDGE_PX / 4 && y < free - EDGE_PX / 4;
      if (!isSeen) this.map.easeTo({ center: at, offset: [0, free / 2 - height / 2] });
    });
  }

  private async tap(x: number, y: number): Promise<void> {
    const hit = this.under(x, y, FINGER_PX);
    if (!hit) {
      this.owned.selected.value = null;
      return this.fold();
    }
    const { cluster_id: group, id } = hit.properties;
    if (group === undefined) this.owned.selected.value = String(id);
    else await this.open(Number(group), (hit.geometry as GeoJSON.Point).coordinates as LonLat);
  }

  /** Of what lies under a finger the topmost layer counts, in it the nearest to its middle. */
  private under(x: number, y: number, reach: number): MapGeoJSONFeature | undefined {
    if (!this.map.getLayer(TAPPED[0]!)) return undefined;
    const box: [PointLike, PointLike] = [[x - reach, y - reach], [x + reach, y + reach]];
    const far = ({ geometry }: MapGeoJSONFeature) => {
      const at = this.map.project((geometry as GeoJSON.Point).coordinates as LonLat);
      return Math.hypot(at.x - x, at.y - y);
    };
    for (const layer of TAPPED) {
      const found = this.map.queryRenderedFeatures(box, { layers: [layer] }).sort((a, b) => far(a) - far(b))[0];
      if (found) return found;
    }
    return undefined;
  }

  /** A group at one place fans out; another is looked at more closely. */
  private async open(group: number, centre: LonLat): Promise<void> {
    const source = this.source(MATCHES)!;
    const leaves = await source.getClusterLeaves(group, 1000, 0);
    const box = extent(leaves.map(({ geometry }) => (geometry as GeoJSON.Point).coordinates as LonLat))!;
    const isOnePlace = box[2] - box[0] < ONE_PLACE_DEGREES && box[3] - box[1] < ONE_PLACE_DEGREES;
    if (!isOnePlace && this.map.getZoom() < MOST_ZOOM - 0.5) {
      const zoom = Math.min(MOST_ZOOM, await source.getClusterExpansionZoom(group));
      return void this.map.easeTo({ center: centre, zoom });
    }
    const best = leaves.map(({ properties }) => properties as { id: string; percent: number });
    best.sort((a, b) => b.percent - a.percent);
    const middle = this.map.project(centre);
    const places = rings(Math.min(MOST_IN_FAN, best.length)).map(([dx, dy]) => {
      const { lng, lat } = this.map.unproject([middle.x + dx, middle.y + dy]);
      return [lng, lat] as LonLat;
    });
    this.fan.value = new Map(places.map((at, n) => [best[n]!.id, at]));
  }

  private fold(): void {
    if (this.fan.peek().size > 0) this.fan.value = new Map();
  }

  private fanned(): GeoJSON.FeatureCollection {
    const known = new Map(this.owned.matches.value.map((match) => [match.found_id, match]));
    const open = [...this.fan.value].flatMap(([id, at]) => (known.has(id) ? [{ match: known.get(id)!, at }] : []));
    if (open.length === 0) return NOTHING;
    const legs = open.map(({ match, at }) => line([lonLat(match.place)!, at]));
    return collection([...legs, ...open.map(({ match, at }) => point(at, { ...markOf(match) }))]);
  }

  private ringed(matches: Match[]): GeoJSON.FeatureCollection {
    return collection(
      matches.map((match) => {
        const fanned = this.fan.value.get(match.found_id);
        return point(fanned ?? lonLat(match.place)!, { ...markOf(match), ...(fanned && { fanned: true }) });
      }),
    );
  }
}

function afterNextFrame(work: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(work));
}
