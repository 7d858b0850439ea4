// The board works without a script; with one it can also ask the browser where the reader is.

const FIND_WITHIN_MS = 15_000;
const button = document.getElementById("near")!;
const refused = document.getElementById("near-refused")!;

button.hidden = false;
button.addEventListener("click", () => {
  navigator.geolocation.getCurrentPosition(({ coords }) => show(coords), refuse, { timeout: FIND_WITHIN_MS });
});

/** The board of the districts around; the address, which others may see, holds the place to a kilometre only. */
function show(coords: GeolocationCoordinates) {
  const query = new URLSearchParams(location.search);
  for (const name of ["district", "cursor"]) query.delete(name);
  query.set("lat", coords.latitude.toFixed(2));
  query.set("lon", coords.longitude.toFixed(2));
  location.search = query.toString();
}

function refuse() {
  refused.hidden = false;
}
